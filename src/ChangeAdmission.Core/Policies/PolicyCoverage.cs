namespace ChangeAdmission.Core.Policies;

/// <summary>Where a policy is in force, and where it only seems to be.</summary>
/// <param name="Governed">How many critical namespaces it selects.</param>
/// <param name="NotCovered">
/// Namespaces that its selector names and that are not critical, by name: the API server never calls the webhooks for them, so nothing is
/// enforced there. None for a policy without a selector, which means all critical namespaces.
/// </param>
public sealed record PolicyCoverage(int Governed, IReadOnlyList<string> NotCovered)
{
    /// <param name="namespaces">The labels of every namespace, by its name.</param>
    public static PolicyCoverage Of(
        ChangePolicy policy, LabelSelector critical, IEnumerable<KeyValuePair<string, IReadOnlyDictionary<string, string>>> namespaces)
    {
        var governed = 0;
        var outside = new List<string>();
        foreach (var (name, labels) in namespaces)
        {
            if (!policy.NamespaceSelector.Matches(labels))
            {
                continue;
            }

            if (critical.Matches(labels))
            {
                governed++;
            }
            else if (policy.NamespaceSelector.Requirements.Count > 0)
            {
                outside.Add(name);
            }
        }

        outside.Sort(StringComparer.Ordinal);
        return new(governed, outside);
    }
}
