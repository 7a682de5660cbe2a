using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Policies;

/// <summary>What is wrong with one field, as the API server words it: <c>spec.approval.count: must be 1 to 8</c>.</summary>
public readonly record struct FieldError(string Path, string Message)
{
    public override string ToString() => $"{Path}: {Message}";
}

/// <summary>The outcome of checking a policy. With errors, <see cref="Policy"/> holds only what could be read.</summary>
/// <param name="Policy">The policy with every default filled in.</param>
/// <param name="Errors">All that is wrong, in the order of the fields.</param>
public sealed record PolicyValidation(ChangePolicy Policy, IReadOnlyList<FieldError> Errors)
{
    public bool IsValid => Errors.Count == 0;
}

/// <summary>Makes a checked policy of a written one, and finds everything that is wrong with it at once.</summary>
public static class PolicyValidator
{
    public const int MaxEvidence = 32;
    public const int MaxValues = 64;
    public const int MaxApprovers = 8;

    public static PolicyValidation Validate(string name, ChangePolicySpec? spec)
    {
        spec ??= new ChangePolicySpec();
        var errors = new List<FieldError>();
        var defaults = new ChangePolicy { Name = name };

        var selectorErrors = errors.Count;
        var selector = LabelSelectorValidator.Validate("spec.namespaceSelector", spec.NamespaceSelector, errors);

        var policy = new ChangePolicy
        {
            Name = name,
            // A selector that cannot be read selects everything: nothing slips out of an invalid policy.
            NamespaceSelector = errors.Count > selectorErrors ? LabelSelector.Everything : selector,
            Workloads = Workloads(spec.Workloads, errors) ?? defaults.Workloads,
            Enforcement = Choice("spec.enforcement", spec.Enforcement, defaults.Enforcement, errors),
            DryRun = Choice("spec.dryRun", spec.DryRun, defaults.DryRun, errors),
            AiAssistedWhen = Evidence(spec.Provenance?.AiAssistedWhen, errors) ?? defaults.AiAssistedWhen,
            Undeclared = Choice("spec.provenance.undeclared", spec.Provenance?.Undeclared, defaults.Undeclared, errors),
            ApprovalRequiredFor = Choice("spec.approval.requiredFor", spec.Approval?.RequiredFor, defaults.ApprovalRequiredFor, errors),
            ApprovalCount = Count(spec.Approval?.Count, errors) ?? defaults.ApprovalCount,
            AllowSelfApproval = spec.Approval?.AllowSelfApproval ?? defaults.AllowSelfApproval,
            RequireAuthor = spec.Approval?.RequireAuthor ?? defaults.RequireAuthor,
            ApprovalMaxAge = ApprovalValidator.MaxAge(spec.Approval?.MaxAge, errors) ?? defaults.ApprovalMaxAge,
            Accept = ApprovalValidator.Accept(spec.Approval?.Accept, errors) ?? defaults.Accept,
            Signers = ApprovalValidator.Signers(spec.Approval?.Signers, errors),
            RateLimits = RateLimitValidator.Validate(spec.RateLimits, errors),
            CooldownAfterFailedRollout = RateLimitValidator.Cooldown(spec.Cooldown, errors),
            Rollback = Choice("spec.rollback", spec.Rollback, defaults.Rollback, errors),
            UnadmittedRollout = Choice("spec.unadmittedRollout", spec.UnadmittedRollout, defaults.UnadmittedRollout, errors),
        };

        return new PolicyValidation(policy, errors);
    }

    private static List<WorkloadKind>? Workloads(IReadOnlyList<string>? written, List<FieldError> errors)
    {
        if (written is null)
        {
            return null;
        }

        if (written.Count == 0)
        {
            errors.Add(new("spec.workloads", "must name at least one kind"));
        }

        var kinds = new List<WorkloadKind>(written.Count);
        for (var i = 0; i < written.Count; i++)
        {
            var path = $"spec.workloads[{i}]";
            var before = errors.Count;
            var kind = Choice(path, written[i], default(WorkloadKind), errors);
            if (errors.Count == before && kinds.Contains(kind))
            {
                errors.Add(new(path, $"{kind} is named twice"));
            }

            kinds.Add(kind);
        }

        return kinds;
    }

    // Our own annotation always counts, so that a list of others does not silence it; listing it narrows its values.
    private static List<ProvenanceEvidence>? Evidence(IReadOnlyList<ProvenanceEvidenceSpec>? written, List<FieldError> errors)
    {
        const string Root = "spec.provenance.aiAssistedWhen";
        if (written is null)
        {
            return null;
        }

        if (written.Count > MaxEvidence)
        {
            errors.Add(new(Root, $"must have at most {MaxEvidence} entries"));
            return null;
        }

        var evidence = new List<ProvenanceEvidence>(written.Count + 1);
        for (var i = 0; i < written.Count; i++)
        {
            var path = $"{Root}[{i}]";
            if (written[i]?.Annotation is not { Length: > 0 } key)
            {
                errors.Add(new($"{path}.annotation", "is required"));
                continue;
            }

            if (QualifiedName.Problem(key) is { } problem)
            {
                errors.Add(new($"{path}.annotation", problem));
            }

            var values = written[i].Values ?? [];
            if (values.Count > MaxValues)
            {
                errors.Add(new($"{path}.values", $"must have at most {MaxValues} entries"));
            }

            for (var v = 0; v < values.Count; v++)
            {
                if (values[v] is null or "")
                {
                    errors.Add(new($"{path}.values[{v}]", "must not be empty"));
                }
                else if (key == WellKnown.AIAssisted && values[v] == "false")
                {
                    errors.Add(new($"{path}.values[{v}]", "\"false\" declares a human change and cannot mark an AI-assisted one"));
                }
            }

            evidence.Add(new ProvenanceEvidence(key, values));
        }

        if (!evidence.Exists(e => e.Annotation == WellKnown.AIAssisted))
        {
            evidence.Add(ProvenanceEvidence.Declared);
        }

        return evidence;
    }

    private static int? Count(int? written, List<FieldError> errors)
    {
        if (written is < 1 or > MaxApprovers)
        {
            errors.Add(new("spec.approval.count", $"must be 1 to {MaxApprovers}"));
            return null;
        }

        return written;
    }

    internal static T Choice<T>(string path, string? written, T fallback, List<FieldError> errors)
        where T : struct, Enum
    {
        if (written is null)
        {
            return fallback;
        }

        // Enum.TryParse would also take numbers and lists of names.
        foreach (var value in Enum.GetValues<T>())
        {
            if (string.Equals(value.ToString(), written, StringComparison.Ordinal))
            {
                return value;
            }
        }

        errors.Add(new(path, $"{Quoted.Of(written)} is not one of {string.Join(", ", Enum.GetNames<T>())}"));
        return fallback;
    }
}
