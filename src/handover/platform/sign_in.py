"""How people sign in: the OpenID provider that `HANDOVER_SIGN_IN` names."""

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic.alias_generators import to_camel


class SignIn(BaseModel):
    """An OpenID provider, found by discovery at `issuer`, and what this service is there."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )

    issuer: str = Field(min_length=1)
    client_id: str = Field(min_length=1)
    client_secret: SecretStr | None = None
    private_key_file: Path | None = None
    """PEM or JWK (RSA or EC): the client proves itself with private_key_jwt instead of a secret."""
    scope: str = "openid vo"
    roles_claim: str = "handover_rol_3d"
    roles: dict[str, str] = Field(default_factory=dict)
    """The provider's names of roles (any spelling) and ours, beside those that are known anyhow."""
    help: str = ""
    """Whom to call who cannot get in: a name with a number or an address."""

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        if (self.client_secret is None) == (self.private_key_file is None):
            raise ValueError("give either clientSecret or privateKeyFile")
        if "openid" not in self.scope.split():
            raise ValueError("scope must contain openid")
        return self

    def problems(self, *, production: bool) -> list[str]:
        """Give one sentence for each thing that does not allow a start."""
        found = []
        if self.private_key_file and not self.private_key_file.is_file():
            found.append(f"HANDOVER_SIGN_IN names {self.private_key_file}, which is not there.")
        if production and urlsplit(self.issuer).scheme != "https":
            found.append("HANDOVER_SIGN_IN has an issuer that is not https: anyone on the way could sign in as anyone.")
        return found
