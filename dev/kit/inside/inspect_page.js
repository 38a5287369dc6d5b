// What a page shows that it should not. Called with {tolerated, phone, english}, where
// `english` maps our English terms to true if their French is another; returns
// {cut: [text], wide: [text], english: [text], errors: [text]}.
({ tolerated, phone, english }) => {
    // Words the addon or Odoo chose. What is in the cells of a list is the user's data
    // and may be shortened, but not the badges and buttons there.
    const LABELS = [
        "label",
        "button",
        ".btn",
        "th",
        ".badge",
        ".nav-link",
        ".o_form_label",
        ".o_stat_text",
        ".o_horizontal_separator",
        ".o_setting_box .text-muted",
        ".alert",
    ].join(",");
    const USERS_OWN = ".o_tag, .o_field_many2one, .o_field_many2many_tags";

    const plain = (text) => text.replace(/\s+/g, " ").trim();
    const isShown = (element) =>
        element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    const clips = (value) => value === "hidden" || value === "clip";

    // What clips may be a pixel too narrow before it shows. What puts dots puts them for
    // the smallest fraction, and counts from inside of its padding.
    const SLACK = { left: 1, right: 1 };
    function inset(style) {
        const side = (name) =>
            0.02 -
            parseFloat(style[`padding${name}`]) -
            parseFloat(style[`border${name}Width`]);
        return { left: side("Left"), right: side("Right") };
    }

    function textNodes(root) {
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT, (node) =>
            plain(node.data) ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_SKIP
        );
        const nodes = [];
        while (walker.nextNode()) {
            if (isShown(walker.currentNode.parentElement)) {
                nodes.push(walker.currentNode);
            }
        }
        return nodes;
    }

    // Whether some ancestor hides a part of that text for good: one that scrolls does
    // not, and neither does the end of the screen.
    function isCut(node) {
        const range = document.createRange();
        range.selectNodeContents(node);
        const text = range.getBoundingClientRect();
        if (text.width < 1 || text.height < 1) {
            return false; // for screen readers only
        }
        for (let box = node.parentElement; box !== document.body; box = box.parentElement) {
            const style = getComputedStyle(box);
            const { overflowX, overflowY, display } = style;
            if (display === "inline" || display === "contents") {
                continue; // these never clip
            }
            if ([overflowX, overflowY].some((v) => v === "auto" || v === "scroll")) {
                return false;
            }
            const frame = box.getBoundingClientRect();
            const slack = style.textOverflow === "ellipsis" ? inset(style) : SLACK;
            if (
                (clips(overflowX) &&
                    (text.right > frame.right + slack.right ||
                        text.left < frame.left - slack.left)) ||
                (clips(overflowY) &&
                    (text.bottom > frame.bottom + 3 || text.top < frame.top - 3))
            ) {
                return frame.width > 1 && frame.height > 1;
            }
        }
        return false;
    }

    function cutLabels() {
        const found = new Set();
        for (const label of document.querySelectorAll(LABELS)) {
            if (
                !isShown(label) ||
                label.closest(USERS_OWN) ||
                tolerated.some((selector) => label.closest(selector))
            ) {
                continue;
            }
            for (const node of textNodes(label)) {
                if (!node.parentElement.closest(USERS_OWN) && isCut(node)) {
                    found.add(plain(node.data));
                }
            }
        }
        return [...found];
    }

    // On a phone everything but a table is as wide as the screen.
    function tooWide() {
        const boxes = "html, .o_content, .o_form_view, .o_form_sheet_bg, .modal-body";
        return [...document.querySelectorAll(boxes)]
            .filter((box) => isShown(box) && box.scrollWidth > box.clientWidth + 1)
            .map((box) => {
                const name = [box.tagName.toLowerCase(), ...box.classList].join(".");
                return `${name}: ${box.scrollWidth} in ${box.clientWidth} pixels`;
            });
    }

    // Activities are written in the words of who gets them, as they were that day.
    const WRITTEN_DOWN = [
        ".o-mail-Message",
        ".o-mail-Activity",
        "[name=next_action_summary]",
        "[name=activity_ids]",
        ".o_field_kanban_activity",
        "script",
        "style",
    ].join(", ");

    function leftInEnglish() {
        const found = new Set();
        const take = (text) => {
            if (english[plain(text)]) {
                found.add(plain(text));
            }
        };
        for (const node of textNodes(document.body)) {
            // what was written down in a language stays in it
            if (!node.parentElement.closest(WRITTEN_DOWN)) {
                take(node.data);
            }
        }
        for (const name of ["title", "placeholder", "aria-label"]) {
            for (const element of document.querySelectorAll(`[${name}]`)) {
                if (isShown(element)) {
                    take(element.getAttribute(name));
                }
            }
        }
        return [...found];
    }

    const errors = document.querySelectorAll(
        ".o_error_dialog, .o_notification:has(.bg-danger), .modal.o_error_dialog"
    );
    return {
        cut: cutLabels(),
        wide: phone ? tooWide() : [],
        english: leftInEnglish(),
        errors: [...errors].map((element) => plain(element.innerText)),
    };
};
