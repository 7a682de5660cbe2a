namespace ChangeAdmission.Core.Policies;

/// <summary>
/// Checks a label selector as <c>ValidateLabelSelector</c> of k8s.io/apimachinery does; a custom resource's schema
/// cannot say it.
/// </summary>
public static class LabelSelectorValidator
{
    public static LabelSelector Validate(string path, LabelSelectorSpec? written, List<FieldError> errors)
    {
        var requirements = new List<LabelRequirement>();
        foreach (var (key, value) in written?.MatchLabels ?? new Dictionary<string, string>())
        {
            var at = $"{path}.matchLabels[{key}]";
            CheckKey(at, key, errors);
            CheckValue(at, value, errors);
            requirements.Add(new(key, LabelOperator.In, [value ?? ""]));
        }

        var expressions = written?.MatchExpressions ?? [];
        for (var i = 0; i < expressions.Count; i++)
        {
            requirements.Add(Expression($"{path}.matchExpressions[{i}]", expressions[i] ?? new(), errors));
        }

        return new LabelSelector(requirements);
    }

    private static LabelRequirement Expression(string path, LabelSelectorRequirementSpec written, List<FieldError> errors)
    {
        var values = written.Values ?? [];
        CheckKey($"{path}.key", written.Key, errors);
        for (var i = 0; i < values.Count; i++)
        {
            CheckValue($"{path}.values[{i}]", values[i], errors);
        }

        LabelOperator? op = written.Operator switch
        {
            "In" => LabelOperator.In,
            "NotIn" => LabelOperator.NotIn,
            "Exists" => LabelOperator.Exists,
            "DoesNotExist" => LabelOperator.DoesNotExist,
            _ => null,
        };
        switch (op)
        {
            case null:
                errors.Add(new($"{path}.operator", $"{Quoted.Of(written.Operator)} is not one of In, NotIn, Exists, DoesNotExist"));
                break;
            case LabelOperator.In or LabelOperator.NotIn when values.Count == 0:
                errors.Add(new($"{path}.values", $"must not be empty when operator is {op}"));
                break;
            case LabelOperator.Exists or LabelOperator.DoesNotExist when values.Count > 0:
                errors.Add(new($"{path}.values", $"must be empty when operator is {op}"));
                break;
        }

        return new LabelRequirement(written.Key ?? "", op ?? LabelOperator.Exists, values);
    }

    private static void CheckKey(string path, string? key, List<FieldError> errors)
    {
        if (QualifiedName.Problem(key ?? "") is { } problem)
        {
            errors.Add(new(path, problem));
        }
    }

    private static void CheckValue(string path, string? value, List<FieldError> errors)
    {
        if (value is not (null or "") && !QualifiedName.IsName(value))
        {
            errors.Add(new(path, $"{Quoted.Of(value)} is not a label value (at most 63 letters, digits, '-', '_' or '.', beginning and ending with a letter or digit)"));
        }
    }
}
