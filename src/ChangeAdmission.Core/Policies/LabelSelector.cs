namespace ChangeAdmission.Core.Policies;

/// <summary>A checked <c>metav1.LabelSelector</c>: all requirements must hold; none selects everything.</summary>
public sealed record LabelSelector(IReadOnlyList<LabelRequirement> Requirements)
{
    public static LabelSelector Everything { get; } = new([]);

    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var requirement in Requirements)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>The operators of <c>metav1.LabelSelectorOperator</c>.</summary>
public enum LabelOperator
{
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

/// <summary>One requirement on one label key.</summary>
public sealed record LabelRequirement(string Key, LabelOperator Operator, IReadOnlyList<string> Values)
{
    // A missing label satisfies NotIn, as in k8s.io/apimachinery/pkg/labels/selector.go.
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        var present = labels.TryGetValue(Key, out var value);
        return Operator switch
        {
            LabelOperator.In => present && Values.Contains(value!, StringComparer.Ordinal),
            LabelOperator.NotIn => !present || !Values.Contains(value!, StringComparer.Ordinal),
            LabelOperator.Exists => present,
            LabelOperator.DoesNotExist => !present,
            _ => throw new InvalidOperationException($"unknown label operator {Operator}"),
        };
    }
}
