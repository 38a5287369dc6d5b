import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatInteger, formatMonetary } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { Component } from "@odoo/owl";

/**
 * The overview of a preview: a row per week, a column per level; each cell opens its
 * messages. The value is what `dunning.preview._prepare_matrix` makes.
 */
export class PreviewMatrixField extends Component {
    static template = "account_dunning.PreviewMatrixField";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
    }

    get matrix() {
        return this.props.record.data[this.props.name];
    }

    get currencyId() {
        return this.props.record.data.currency_id?.id;
    }

    /** Policies over their levels, to tell columns of the same name apart. */
    get policies() {
        const groups = [];
        for (const level of this.matrix.levels) {
            const last = groups.at(-1);
            if (last?.name === level.policy) {
                last.span += 1;
            } else {
                groups.push({ name: level.policy, span: 1 });
            }
        }
        return groups;
    }

    /** One row per week and, where there are several, their sum. */
    get rows() {
        const { weeks, cells, total } = this.matrix;
        const rows = weeks.map((week) => this.row(week.label, week.cells, week.total, week));
        if (weeks.length > 1) {
            rows.push({ ...this.row(_t("Total"), cells, total), isTotal: true });
        }
        return rows;
    }

    row(label, cells, total, week = null) {
        const columns = this.matrix.levels.map((level) => ({
            ...cells[level.id],
            key: level.id,
            open: () => this.open(level, week),
        }));
        columns.push({ ...total, key: "total", open: () => this.open(null, week) });
        return { key: week?.from || "total", label, columns };
    }

    amount(cell) {
        return formatMonetary(cell.amount, { currencyId: this.currencyId, digits: [16, 0] });
    }

    count(cell) {
        return formatInteger(cell.count);
    }

    title(cell) {
        return _t("%(count)s message(s), %(amount)s claimed. Open the list.", {
            count: this.count(cell),
            amount: this.amount(cell),
        });
    }

    async open(level, week) {
        const action = await this.orm.call(
            "dunning.preview",
            "action_view_lines",
            [[this.props.record.resId]],
            {
                level_id: level?.id || null,
                date_from: week?.from || null,
                date_to: week?.to || null,
            }
        );
        return this.action.doAction(action);
    }
}

export const previewMatrixField = {
    component: PreviewMatrixField,
    displayName: _t("Weeks and levels of a preview"),
    supportedTypes: ["json"],
    fieldDependencies: [{ name: "currency_id", type: "many2one" }],
};

registry.category("fields").add("dunning_preview_matrix", previewMatrixField);
