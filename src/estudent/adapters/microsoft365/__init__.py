"""Microsoft 365 behind the port `Mailboxes`: Graph for users and licences, Exchange for aliases."""

import warnings
from importlib import import_module

BUILDERS = (
    "users.users_request_builder",
    "users.item.user_item_request_builder",
    "users.item.assign_license.assign_license_request_builder",
    "subscribed_skus.subscribed_skus_request_builder",
    "domains.domains_request_builder",
    "domains.item.domain_item_request_builder",
)

with warnings.catch_warnings():
    # msgraph-sdk 1.65 warns of its own deprecated classes while it is imported, and imports most of itself when used.
    warnings.simplefilter("ignore", DeprecationWarning)
    for builder in BUILDERS:
        import_module(f"msgraph.generated.{builder}")
    from estudent.adapters.microsoft365.limiter import Quota
    from estudent.adapters.microsoft365.mailboxes import Microsoft365
    from estudent.adapters.microsoft365.ways import AliasSettings, Way

__all__ = ["AliasSettings", "Microsoft365", "Quota", "Way"]
