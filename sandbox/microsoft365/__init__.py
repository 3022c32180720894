"""A stand-in for Microsoft's cloud as strict as a tenant: Graph v1.0, Exchange's admin API, Entra's token endpoint.

Graph: /users (with delta(), assignLicense, reprocessLicenseAssignment, revokeSignInSessions, retryServiceProvisioning,
mailboxSettings), /directory/deletedItems (with restore), /groups (with members), /subscribedSkus, /domains,
/organization. Exchange: InvokeCommand with Get-Mailbox, Get-Recipient and Set-Mailbox. `--help` tells the rest.

Tests and people use what a tenant does not have:

- GET /sandbox/state, /sandbox/users, /sandbox/requests, /sandbox/quota, /sandbox/recipients/{address}, the page at /
- POST /sandbox/faults: the next requests that match are slow, refused or lose their answer, in the words of Graph
  (`conflict`) or of a cmdlet (`exception`, `words`); GET shows, DELETE forgets
- PUT /sandbox/profile {"throttled": 0.1, "failing": 0.03, "lost": 0.02, "seed": 1}: the same by chance
- POST /sandbox/obstacles {"reason": "…", "employee_id": "…", "times": 1}: mailboxes that get stuck
- POST /sandbox/clock {"forward": seconds}; tokens end by the clients' time
- PUT /sandbox/permissions {"roles": […], "exchange_role": "…"}: for tokens given from then on

What no public source says is guessed, each time to the caller's disadvantage: a restored user has lost licences that
were given directly; a delta entry holds changed properties alone; the sign-in name cannot be removed from the
addresses; low priority leaves a tenth of the quota; Exchange answers 401 without its permission and 403 without a role.
"""
