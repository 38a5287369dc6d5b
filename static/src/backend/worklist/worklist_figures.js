import { onMounted } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { deserializeDate } from "@web/core/l10n/dates";
import { useService } from "@web/core/utils/hooks";

import { ListFigures } from "./list_figures";

/**
 * What stands above the worklist: four figures that are filters as well, how fresh the
 * bank data are, and what a company that never reminded anybody can do next.
 */
export class WorklistFigures extends ListFigures {
    static template = "account_dunning.WorklistFigures";
    static method = "get_worklist_figures";
    static usual = ["todo", "group_work"];

    setup() {
        super.setup();
        this.action = useService("action");
        onMounted(() => this.figures.reload && this.props.list.model.load());
    }

    get cards() {
        const { collect, holds, failed, approval } = this.figures;
        return [
            {
                filter: "collect",
                icon: "fa-phone",
                label: _t("To collect today"),
                value: collect.count,
                detail: this.money(collect.amount, collect.currency_id),
                help: _t("Customers somebody has to contact today, and what can be asked for"),
            },
            {
                filter: "hold_alert",
                icon: "fa-pause-circle-o",
                label: _t("Pauses over or ending"),
                value: holds,
                help: _t("A pause ends today, or is over and the debt is not paid"),
            },
            {
                filter: "failed",
                icon: "fa-exclamation-triangle",
                label: _t("Failed deliveries"),
                value: failed,
                help: _t("Customers with an address that did not work"),
            },
            {
                filter: "approval",
                icon: "fa-check-square-o",
                label: _t("Waiting for approval"),
                value: approval,
                help: _t("Customers with a proposed message that nobody has approved yet"),
            },
        ].map((card) => ({ ...card, active: this.isActive(card.filter) }));
    }

    get bank() {
        const { bank } = this.figures;
        if (!bank) {
            return _t("No bank statements in Odoo");
        }
        const date = deserializeDate(bank.date).toLocaleString({
            day: "numeric",
            month: "short",
            year: "numeric",
        });
        return bank.unmatched
            ? _t("Bank up to %(date)s, %(count)s line(s) unmatched", {
                  date,
                  count: bank.unmatched,
              })
            : _t("Bank up to %(date)s, all matched", { date });
    }

    /** What a new company does next: see the methods of that name. */
    start(method) {
        return this.busy(async () =>
            this.action.doAction(await this.orm.call("credit.profile", method))
        );
    }
}
