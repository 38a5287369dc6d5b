import os

from odoo import api, models


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    @api.model
    def _drop_broken_files(self, contents):
        """Take away what was written of these files before the disk was full.

        Core leaves it, forgets it, and refuses the same content ever after.
        """
        for content in contents:
            checksum = self._compute_checksum(content)
            path = self._full_path(f"{checksum[:2]}/{checksum}")
            if os.path.isfile(path) and not self._same_content(content, path):
                os.unlink(path)
