"""What the web client asks for when it opens a form; `dev/bench` uses it too."""


def specification(env, model, root):
    """The argument of ``web_read`` for the fields below ``root`` of a view.

    :param root: element of the view's architecture: the form, or the list within it.
    """
    result = {}
    for node in root.iter("field"):
        if next(node.iterancestors("field", root.tag)) is not root:
            continue  # a column of a list within
        field = env[model]._fields[node.get("name")]
        result[field.name] = {}
        if field.type == "many2one":
            result[field.name] = {"fields": {"display_name": {}}}
        elif field.relational and len(node):
            inner = specification(env, field.comodel_name, node[0])
            result[field.name] = {"fields": inner, "limit": 40}
        elif field.relational:  # tags
            result[field.name] = {"fields": {"display_name": {}}}
    return result
