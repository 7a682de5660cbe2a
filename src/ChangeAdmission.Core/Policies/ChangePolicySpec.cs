namespace ChangeAdmission.Core.Policies;

/// <summary>
/// <c>ChangePolicy.spec</c> as somebody wrote it: every field optional, nothing checked. The schema of the same
/// shape is <c>charts/change-admission/files/crds/changepolicies.yaml</c>; a test holds the two together.
/// <see cref="PolicyValidator"/> makes a <see cref="ChangePolicy"/> of it.
/// </summary>
public sealed record ChangePolicySpec
{
    public LabelSelectorSpec? NamespaceSelector { get; init; }

    public IReadOnlyList<string>? Workloads { get; init; }

    public string? Enforcement { get; init; }

    public string? DryRun { get; init; }

    public ProvenanceSpec? Provenance { get; init; }

    public ApprovalSpec? Approval { get; init; }

    public IReadOnlyList<RateLimitSpec>? RateLimits { get; init; }

    public CooldownSpec? Cooldown { get; init; }

    public string? Rollback { get; init; }

    public string? UnadmittedRollout { get; init; }
}

/// <summary><c>spec.rateLimits[]</c>.</summary>
public sealed record RateLimitSpec
{
    public string? Name { get; init; }

    public string? Per { get; init; }

    public int? Rollouts { get; init; }

    public string? Window { get; init; }

    public string? AppliesTo { get; init; }
}

/// <summary><c>spec.cooldown</c>.</summary>
public sealed record CooldownSpec
{
    public string? AfterFailedRollout { get; init; }
}

/// <summary><c>spec.provenance</c>.</summary>
public sealed record ProvenanceSpec
{
    public IReadOnlyList<ProvenanceEvidenceSpec>? AiAssistedWhen { get; init; }

    public string? Undeclared { get; init; }
}

/// <summary><c>spec.provenance.aiAssistedWhen[]</c>.</summary>
public sealed record ProvenanceEvidenceSpec
{
    public string? Annotation { get; init; }

    public IReadOnlyList<string>? Values { get; init; }
}

/// <summary><c>spec.approval</c>.</summary>
public sealed record ApprovalSpec
{
    public string? RequiredFor { get; init; }

    public int? Count { get; init; }

    public bool? AllowSelfApproval { get; init; }

    public bool? RequireAuthor { get; init; }

    public string? MaxAge { get; init; }

    public IReadOnlyList<string>? Accept { get; init; }

    public IReadOnlyList<ApprovalSignerSpec>? Signers { get; init; }
}

/// <summary><c>spec.approval.signers[]</c>.</summary>
public sealed record ApprovalSignerSpec
{
    public string? Name { get; init; }

    public string? PublicKey { get; init; }

    public IReadOnlyList<string>? Aliases { get; init; }

    public DateTimeOffset? NotBefore { get; init; }

    public DateTimeOffset? NotAfter { get; init; }
}

/// <summary>A <c>metav1.LabelSelector</c> as written.</summary>
public sealed record LabelSelectorSpec
{
    public IReadOnlyDictionary<string, string>? MatchLabels { get; init; }

    public IReadOnlyList<LabelSelectorRequirementSpec>? MatchExpressions { get; init; }
}

/// <summary>One of <c>matchExpressions</c> as written.</summary>
public sealed record LabelSelectorRequirementSpec
{
    public string? Key { get; init; }

    public string? Operator { get; init; }

    public IReadOnlyList<string>? Values { get; init; }
}
