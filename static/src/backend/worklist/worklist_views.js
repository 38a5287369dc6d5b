import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { SearchPanel } from "@web/search/search_panel/search_panel";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { KanbanRenderer } from "@web/views/kanban/kanban_renderer";
import { listView } from "@web/views/list/list_view";
import { ListRenderer } from "@web/views/list/list_renderer";

import { WorklistFigures } from "./worklist_figures";

export class WorklistListRenderer extends ListRenderer {
    static template = "account_dunning.WorklistListRenderer";
    static components = { ...ListRenderer.components, WorklistFigures };
}

export class WorklistKanbanRenderer extends KanbanRenderer {
    static template = "account_dunning.WorklistKanbanRenderer";
    static components = { ...KanbanRenderer.components, WorklistFigures };
}

/** Folded until its user unfolds it: the list needs the width. */
export class WorklistSearchPanel extends SearchPanel {
    setup() {
        super.setup();
        if (browser.localStorage.getItem(this.keyExpandSidebar) === null) {
            this.state.sidebarExpanded = false;
        }
    }
}

registry.category("views").add("credit_worklist_list", {
    ...listView,
    SearchPanel: WorklistSearchPanel,
    Renderer: WorklistListRenderer,
});
registry.category("views").add("credit_worklist_kanban", {
    ...kanbanView,
    SearchPanel: WorklistSearchPanel,
    Renderer: WorklistKanbanRenderer,
});
