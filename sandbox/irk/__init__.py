"""A stand-in for the API of IRK, the recruitment system of Polish universities, with its refusals and its moods.

Its forms are those that a public client of the real API expects: `Authorization: Token …`, pages
`{count, next, previous, results}`, errors `{error, detail}`; the rest is Django REST framework's. No public reference
of the API is known, so what no client shows is not played here.
"""
