"""Who may use the web app: a file of names, roles and hashed passwords.

Comes in: names, passwords, a path. Goes out: accounts. It serves nothing, knows no request and no page.
"""

from stratmap.accounts.users_file import ROLES, Account, UsersFile

__all__ = ["ROLES", "Account", "UsersFile"]
