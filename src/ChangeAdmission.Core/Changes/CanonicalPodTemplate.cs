namespace ChangeAdmission.Core.Changes;

/// <summary>
/// The form of a pod template that its change digest is computed over: what an API server fills in by itself is left out,
/// quantities are in Kubernetes' canonical form, properties are sorted (RFC 8785).
/// </summary>
public static class CanonicalPodTemplate
{
    /// <summary>The canonical form as UTF-8 JSON, so that two templates can be compared by what makes their digests differ.</summary>
    /// <exception cref="InvalidPodTemplateException">The template is not one an API server could have accepted.</exception>
    public static byte[] Format(ReadOnlyMemory<byte> podTemplate)
    {
        using var json = new CanonicalJson(podTemplate.Length + 16);
        Write(podTemplate, TemplateParts.All, json);
        return json.Written.ToArray();
    }

    internal static void Write(ReadOnlyMemory<byte> podTemplate, TemplateParts parts, CanonicalJson json)
    {
        using var tree = JsonTree.Parse(podTemplate);
        PodTemplateNormalizer.Normalize(tree, parts);
        json.Value(tree, JsonTree.Root);
    }
}

/// <summary>How much of a template counts.</summary>
internal enum TemplateParts
{
    All,

    /// <summary>Without <c>metadata.annotations</c>.</summary>
    WithoutAnnotations,
}
