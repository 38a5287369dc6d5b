import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { KanbanRenderer } from "@web/views/kanban/kanban_renderer";
import { listView } from "@web/views/list/list_view";
import { ListRenderer } from "@web/views/list/list_renderer";

import { ListFigures } from "../worklist/list_figures";

/** What stands above the list of exposures: four figures that are filters as well. */
export class ExposureFigures extends ListFigures {
    static template = "account_dunning.ExposureFigures";
    static method = "get_exposure_figures";
    static usual = ["owing"];

    get cards() {
        const { currency_id, over, near, top, reviews } = this.figures;
        return [
            {
                filter: "over",
                icon: "fa-ban",
                label: _t("Over the limit"),
                value: over.count,
                detail: over.count ? this.money(over.amount, currency_id) : "",
                help: _t("Customers who owe more than their limit, and how much more"),
            },
            {
                filter: "near",
                icon: "fa-exclamation-triangle",
                label: _t("Near the limit"),
                value: near,
                help: _t("Customers whose use of the limit has reached a warning"),
            },
            {
                filter: "top",
                icon: "fa-pie-chart",
                label: _t("With the ten biggest"),
                value: top === null ? "–" : `${Math.round(top)} %`,
                help: _t("Share of the ten customers who owe most in the whole exposure"),
            },
            {
                filter: "review_due",
                icon: "fa-calendar-check-o",
                label: _t("Reviews due"),
                value: reviews,
                help: _t("Customers whose next credit review is due"),
            },
        ].map((card) => ({ ...card, active: this.isActive(card.filter) }));
    }

    get total() {
        const { currency_id, exposure } = this.figures;
        const amount = this.money(exposure, currency_id);
        return amount ? _t("Exposure of all customers: %s", amount) : "";
    }
}

export class ExposureListRenderer extends ListRenderer {
    static template = "account_dunning.ExposureListRenderer";
    static components = { ...ListRenderer.components, ExposureFigures };
}

export class ExposureKanbanRenderer extends KanbanRenderer {
    static template = "account_dunning.ExposureKanbanRenderer";
    static components = { ...KanbanRenderer.components, ExposureFigures };
}

registry.category("views").add("credit_exposure_list", {
    ...listView,
    Renderer: ExposureListRenderer,
});
registry.category("views").add("credit_exposure_kanban", {
    ...kanbanView,
    Renderer: ExposureKanbanRenderer,
});
