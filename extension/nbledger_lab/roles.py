"""Roles: who may look, who may write, who may promote.

They are switched on in Jupyter Server's own configuration:

    c.ServerApp.authorizer_class = "nbledger_lab.roles.NBLedgerAuthorizer"
    c.NBLedgerAuthorizer.approvers = {"grace"}
    c.NBLedgerAuthorizer.contributors = {"ada", "group:data"}
    c.NBLedgerAuthorizer.default_role = "viewer"

The server must know its users by name for that (JupyterHub does; a shared token does not). `docs/lab/roles.md` says
what roles can hold back and what they cannot.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from jupyter_core.utils import ensure_async
from jupyter_server.auth.authorizer import AllowAllAuthorizer, Authorizer
from traitlets import Bool, Enum, Instance, Set, Type, Unicode, default

Role = Literal["none", "viewer", "contributor", "approver"]
ROLES: tuple[Role, ...] = ("none", "viewer", "contributor", "approver")
#: The least role for each action on the resource `nbledger`; nobody may do anything else.
LEAST: dict[str, Role] = {"read": "viewer", "write": "contributor", "promote": "approver"}
#: What would let a viewer write to the ledger's files past this extension.
_WAYS_ROUND = {
    ("kernels", "write"), ("kernels", "execute"), ("sessions", "write"), ("terminals", "write"),
    ("terminals", "execute"), ("contents", "write"),
}  # fmt: skip
_GROUP = "group:"


class NBLedgerAuthorizer(Authorizer):
    """Asks another authorizer first, and of what that allows takes away what a user's role does not cover."""

    viewers = Set(Unicode(), help="Users (or `group:NAME`) who may only look at ledgers.").tag(config=True)
    contributors = Set(
        Unicode(), help="Users (or `group:NAME`) who may also tag, delete, restore, reproduce and extract runs."
    ).tag(config=True)
    approvers = Set(Unicode(), help="Users (or `group:NAME`) who may also promote, roll back and approve models.").tag(
        config=True
    )
    default_role = Enum(ROLES, "viewer", help="The role of everybody else.").tag(config=True)
    viewers_run_nothing = Bool(
        default_value=True,
        help="Whether viewers may start no kernels and terminals and write no files, by which a ledger can be written.",
    ).tag(config=True)
    wrapped_class = Type(
        AllowAllAuthorizer, Authorizer, help="The authorizer that is asked first, for all resources."
    ).tag(config=True)
    wrapped = Instance(Authorizer)

    @default("wrapped")
    def _default_wrapped(self) -> Authorizer:
        return self.wrapped_class(parent=self.parent, identity_provider=self.identity_provider)

    def role_of(self, user: Any) -> Role:
        """Return a user's role: the highest that the user, or one of the user's groups, is named for."""
        name = str(getattr(user, "username", "") or "")
        names = {f"{_GROUP}{group}" for group in groups_of(user)}
        if name and not name.startswith(_GROUP):  # nobody becomes a group by being called like one
            names.add(name)
        named: tuple[tuple[Role, Any], ...] = (
            ("approver", self.approvers),
            ("contributor", self.contributors),
            ("viewer", self.viewers),
        )
        return next((role for role, members in named if names & set(members)), self.default_role)

    def runs_nothing(self, user: Any) -> bool:
        """Tell whether a user may start no kernels and terminals and write no files, whatever else is allowed."""
        return self.viewers_run_nothing and ROLES.index(self.role_of(user)) < ROLES.index("contributor")

    async def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        """Tell whether a user may do `action` on `resource`."""
        if resource == "nbledger":
            # Who asks first may not know the action `promote`, which is a kind of writing.
            known = "write" if action == "promote" else action
            least = LEAST.get(action)
            if least is None or ROLES.index(self.role_of(user)) < ROLES.index(least):
                return False
            return bool(await ensure_async(self.wrapped.is_authorized(handler, user, known, resource)))
        if (resource, action) in _WAYS_ROUND and self.runs_nothing(user):
            return False
        return bool(await ensure_async(self.wrapped.is_authorized(handler, user, action, resource)))


def groups_of(user: Any) -> Iterable[str]:
    """Return a user's groups as JupyterHub tells them; none elsewhere."""
    model = getattr(user, "hub_user", None)
    found = model.get("groups", ()) if isinstance(model, dict) else ()
    return [name for name in found if isinstance(name, str)]
