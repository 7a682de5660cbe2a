namespace ChangeAdmission.Core.Changes;

/// <summary>One row of the table of defaults.</summary>
/// <param name="Path">
/// Where in the pod template. <c>{a,b}</c> stands for either, <c>[]</c> for each element, <c>*</c> for any member of a map.
/// </param>
/// <param name="Rule">Which values say the same as absence there.</param>
/// <param name="Source">The function of kubernetes/kubernetes that fills the field in, or the Go type that makes its zero absence.</param>
internal sealed record DefaultsRow(string Path, FieldRule Rule, string Source)
{
    /// <summary>The path with its alternatives written out.</summary>
    public IEnumerable<string> Paths => Expand(Path);

    private static IEnumerable<string> Expand(string path)
    {
        var open = path.IndexOf('{', StringComparison.Ordinal);
        if (open < 0)
        {
            return [path];
        }

        var close = path.IndexOf('}', open);
        return path[(open + 1)..close].Split(',').SelectMany(choice => Expand(path[..open] + choice + path[(close + 1)..]));
    }
}
