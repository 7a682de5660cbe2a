using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Budgets;

namespace ChangeAdmission.Core.Changes;

/// <summary>
/// One write of a workload, as it is judged: what it was, what it is to be, and who asks. Digests are computed
/// at most once and only when a rule looks at them.
/// </summary>
public sealed class Change
{
    private (ChangeDigest? Digest, string? Problem)? _proposed;
    private (ChangeDigest? Digest, string? Problem)? _current;

    public required WorkloadReference Workload { get; init; }

    public required Requester Requester { get; init; }

    /// <summary>The object as it would be stored.</summary>
    public required WorkloadContent Proposed { get; init; }

    /// <summary>The object as it is stored now; null when the write creates it.</summary>
    public WorkloadContent? Current { get; init; }

    /// <summary><c>metadata.uid</c>; the API server sets it before it asks, also for a create.</summary>
    public required string Uid { get; init; }

    /// <summary><c>metadata.generation</c> of the current object; 0 when the write creates it.</summary>
    public long CurrentGeneration { get; init; }

    /// <summary><c>metadata.resourceVersion</c> of the current object; 0 when the write creates it, or where it is no number.</summary>
    public ulong CurrentVersion { get; init; }

    /// <summary><c>metadata.generateName</c> was used, so the name could not be known beforehand.</summary>
    public bool HasGeneratedName { get; init; }

    public bool IsDryRun { get; init; }

    public bool IsCreate => Current is null;

    /// <summary>
    /// Whether the write creates the workload or changes its pod template. The bytes are compared: the API server
    /// writes both objects by the same encoder, so equal templates are equal bytes, and a doubt counts as a rollout.
    /// </summary>
    public bool IsRollout => Current is null || !Current.Template.Span.SequenceEqual(Proposed.Template.Span);

    /// <summary>A rollout of the content that runs already (<c>kubectl rollout restart</c>).</summary>
    public bool IsRestart => IsRollout && Digest is { } digest && PreviousDigest == digest;

    /// <summary>What an approval must name; null when the template is not one that can be read.</summary>
    public ChangeDigest? Digest => (_proposed ??= Compute(Proposed)).Digest;

    /// <summary>Why <see cref="Digest"/> is null; null when it is not.</summary>
    public string? TemplateProblem => (_proposed ??= Compute(Proposed)).Problem;

    /// <summary>The digest of the current content; null when there is none, or none that can be read.</summary>
    public ChangeDigest? PreviousDigest => (_current ??= Compute(Current)).Digest;

    /// <summary>Who wrote the change, if it says so.</summary>
    public string? Author =>
        Proposed.Annotations.TryGetValue(WellKnown.Author, out var author) && author.Length > 0 ? author : null;

    /// <summary>The approvals the proposed object carries, with those marked that this very request adds.</summary>
    public ApprovalAnnotation Approvals => field ??= ApprovalAnnotation.Read(
        Proposed.Annotations.GetValueOrDefault(WellKnown.SeniorApproval),
        Current?.Annotations.GetValueOrDefault(WellKnown.SeniorApproval));

    /// <summary>By what this rollout is known again; null when its template cannot be read.</summary>
    public Presentation? Presentation => field ??= Digest is null
        ? null
        : new Presentation(
            Workload,
            ChangeDigest.ComputeContent(Workload, Proposed.Template),
            [.. PodImages.Of(Proposed.Template).Except(Current is null ? [] : PodImages.Of(Current.Template), StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(PodImages.Fingerprint)]);

    private (ChangeDigest? Digest, string? Problem) Compute(WorkloadContent? content)
    {
        if (content is null)
        {
            return default;
        }

        try
        {
            return (ChangeDigest.Compute(Workload, content.Template), null);
        }
        catch (InvalidPodTemplateException e)
        {
            return (null, e.Message);
        }
    }
}
