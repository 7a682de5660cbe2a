namespace ChangeAdmission.Core.Changes;

/// <summary>
/// Takes out of a pod template what an API server would put in by itself, and rewrites what it would rewrite. Walks the template and
/// the table of defaults side by side, once.
/// </summary>
internal readonly struct PodTemplateNormalizer
{
    private readonly JsonTree _tree;
    private readonly bool _hostNetwork;

    private PodTemplateNormalizer(JsonTree tree, bool hostNetwork)
    {
        _tree = tree;
        _hostNetwork = hostNetwork;
    }

    public static void Normalize(JsonTree tree, TemplateParts parts)
    {
        var spec = tree.Member(JsonTree.Root, "spec"u8);
        NameServiceAccount(tree, spec);
        var hostNetwork = tree.Member(spec, "hostNetwork"u8);
        if (parts == TemplateParts.WithoutAnnotations)
        {
            RemoveAnnotations(tree);
        }

        new PodTemplateNormalizer(tree, hostNetwork >= 0 && tree.Kind(hostNetwork) == JsonKind.True)
            .Visit(JsonTree.Root, PodTemplateDefaults.Root);
    }

    private void Visit(int node, FieldPath? path)
    {
        switch (_tree.Kind(node))
        {
            case JsonKind.Object:
                VisitMembers(node, path);
                break;
            case JsonKind.Array:
                var element = path?.Element;
                // Null in a list is an element to the server. It stays, and so do its place and the difference it makes.
                for (var child = _tree.FirstChild(node); child >= 0; child = _tree.NextSibling(child))
                {
                    Visit(child, element);
                }

                break;
        }
    }

    private void VisitMembers(int node, FieldPath? path)
    {
        var nullMember = path?.Rule?.NullMember;
        var kept = -1;
        for (var child = _tree.FirstChild(node); child >= 0; child = _tree.NextSibling(child))
        {
            if (_tree.Kind(child) == JsonKind.Null && nullMember is not null)
            {
                _tree.SetString(child, nullMember);
            }

            if (_tree.Kind(child) == JsonKind.Null || IsAbsence(child, node, path?.Member(_tree.Name(child))))
            {
                _tree.CutAfter(node, kept);
            }
            else
            {
                kept = child;
            }
        }
    }

    private bool IsAbsence(int member, int parent, FieldPath? path)
    {
        Visit(member, path);
        return path?.Rule is { } rule && rule.IsAbsence(_tree, new Field(member, parent, _hostNetwork));
    }

    // See ConditionalRules.ServiceAccount.
    private static void NameServiceAccount(JsonTree tree, int spec)
    {
        var old = tree.Member(spec, "serviceAccount"u8);
        if (old < 0 || !tree.IsNonEmptyString(old))
        {
            return;
        }

        var current = tree.Member(spec, "serviceAccountName"u8);
        if (current < 0)
        {
            tree.AddString(spec, "serviceAccountName"u8, tree.Text(old));
        }
        else if (tree.Kind(current) == JsonKind.Null || tree.IsString(current, ""u8))
        {
            tree.SetString(current, tree.Text(old));
        }
    }

    private static void RemoveAnnotations(JsonTree tree)
    {
        var metadata = tree.Member(JsonTree.Root, "metadata"u8);
        var previous = -1;
        for (var child = metadata < 0 ? -1 : tree.FirstChild(metadata); child >= 0; child = tree.NextSibling(child))
        {
            if (tree.Name(child).SequenceEqual("annotations"u8))
            {
                tree.CutAfter(metadata, previous);
            }
            else
            {
                previous = child;
            }
        }
    }
}
