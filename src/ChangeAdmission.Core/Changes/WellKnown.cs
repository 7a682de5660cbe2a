namespace ChangeAdmission.Core.Changes;

/// <summary>The names this product reserves on objects. They are API: they never change their meaning.</summary>
public static class WellKnown
{
    /// <summary>Prefix of every annotation and label of ours. Nobody else may use it.</summary>
    public const string Prefix = "changeadmission.io/";

    /// <summary>Declares provenance, on a workload or its template: <c>"false"</c> is human, any other text but <c>""</c> AI-assisted.</summary>
    public const string AIAssisted = Prefix + "ai-assisted";

    /// <summary>Who wrote the change, when that is not who applies it. A Kubernetes username.</summary>
    public const string Author = Prefix + "author";

    /// <summary>Approvals, separated by commas: <c>sha256:&lt;64 hex&gt;/&lt;approver&gt;</c>.</summary>
    public const string SeniorApproval = Prefix + "senior-approval";

    /// <summary>A reason to pass every rule with this one rollout.</summary>
    public const string BreakGlass = Prefix + "break-glass";

    /// <summary>On a Deployment that the operator paused, because it runs a rollout that nobody admitted: the change's digest.</summary>
    public const string PausedBy = Prefix + "paused-by";

    /// <summary>The namespace label by which a namespace opts in, with the value <c>"true"</c>.</summary>
    public const string Critical = Prefix + "critical";

    /// <summary>Every annotation that may stand under our prefix on a workload or its template.</summary>
    public static IReadOnlyList<string> Annotations { get; } = [AIAssisted, Author, SeniorApproval, BreakGlass, PausedBy];
}
