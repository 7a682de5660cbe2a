namespace ChangeAdmission.Core.Policies;

/// <summary>Checks <c>spec.rateLimits</c> and <c>spec.cooldown</c>; the bounds are those of what a ledger can hold.</summary>
internal static class RateLimitValidator
{
    private const int MaxLimits = 16;
    private const int MaxName = 63;

    public static IReadOnlyList<RateLimit> Validate(IReadOnlyList<RateLimitSpec>? written, List<FieldError> errors)
    {
        const string Root = "spec.rateLimits";
        if (written is null)
        {
            return [];
        }

        if (written.Count > MaxLimits)
        {
            errors.Add(new(Root, $"must have at most {MaxLimits} entries"));
            return [];
        }

        var limits = new List<RateLimit>(written.Count);
        for (var i = 0; i < written.Count; i++)
        {
            var path = $"{Root}[{i}]";
            var before = errors.Count;
            var limit = Limit(path, written[i] ?? new RateLimitSpec(), errors);
            if (limits.Exists(l => l.Name == limit.Name))
            {
                errors.Add(new($"{path}.name", $"{Quoted.Of(limit.Name)} is used twice"));
            }

            if (errors.Count == before)
            {
                limits.Add(limit);
            }
        }

        return limits;
    }

    public static TimeSpan? Cooldown(CooldownSpec? written, List<FieldError> errors) => written is null
        ? null
        : Duration("spec.cooldown.afterFailedRollout", written.AfterFailedRollout, errors);

    private static RateLimit Limit(string path, RateLimitSpec written, List<FieldError> errors)
    {
        // The name is a metric label and stands in a sentence.
        if (written.Name is not { Length: > 0 and <= MaxName } || !QualifiedName.IsName(written.Name))
        {
            errors.Add(new($"{path}.name", $"is required: at most {MaxName} letters, digits, '-', '_' or '.'"));
        }

        if (written.Per is null)
        {
            errors.Add(new($"{path}.per", $"is required: one of {string.Join(", ", Enum.GetNames<RateLimitScope>())}"));
        }

        if (written.Rollouts is not (>= 1 and <= RateLimit.MaxRollouts))
        {
            errors.Add(new($"{path}.rollouts", $"must be 1 to {RateLimit.MaxRollouts}"));
        }

        return new RateLimit
        {
            Name = written.Name ?? "",
            Per = PolicyValidator.Choice($"{path}.per", written.Per, default(RateLimitScope), errors),
            Rollouts = written.Rollouts ?? 1,
            Window = Duration($"{path}.window", written.Window, errors) ?? RateLimit.MaxWindow,
            AppliesTo = PolicyValidator.Choice($"{path}.appliesTo", written.AppliesTo, default(ChangeSubset), errors),
        };
    }

    private static TimeSpan? Duration(string path, string? written, List<FieldError> errors)
    {
        if (!DurationText.TryParse(written, out var duration))
        {
            errors.Add(new(path, written is null ? "is required, such as 1h" : $"{Quoted.Of(written)} {DurationText.Hint}"));
            return null;
        }

        if (duration < RateLimit.MinWindow || duration > RateLimit.MaxWindow)
        {
            errors.Add(new(path, $"must be {DurationText.Of(RateLimit.MinWindow)} to {DurationText.Of(RateLimit.MaxWindow)}"));
            return null;
        }

        return duration;
    }
}
