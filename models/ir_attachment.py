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

    def _dunning_keep_with(self, record):
        """Tie documents uploaded in a form to a record: who may read it reads them.

        Only those that belong to nothing yet, and that the user may change.
        """
        loose = self.sudo().filtered(lambda one: not one.res_id).with_env(self.env)
        loose.check_access("write")
        # sudo: the column is a matter of course, not one of the user's
        loose.sudo().write({"res_model": record._name, "res_id": record.id})
