"""Files with which a device sets eduroam up by itself; none of them holds a password."""

from estudent.adapters.eduroam_profiles.apple import apple_profile
from estudent.adapters.eduroam_profiles.authorities import authorities_in
from estudent.adapters.eduroam_profiles.eap_config import eap_config

__all__ = ["apple_profile", "authorities_in", "eap_config"]
