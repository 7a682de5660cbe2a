using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Budgets;

/// <summary>Content that a workload has run.</summary>
/// <param name="Digest">Which content.</param>
/// <param name="IsAdmitted">It was there at adoption or came by an admission, so running it again needs no approval.</param>
/// <param name="IsGood">It ran successfully after a regular admission, or was available at adoption: a rollback may go there.</param>
public sealed record KnownContent(ChangeDigest Digest, bool IsAdmitted, bool IsGood);

/// <summary>What outlives the entries: what a workload has run, and what its annotations said before anybody guarded them.</summary>
public sealed record WorkloadHistory
{
    /// <summary>So many good digests are targets of a rollback.</summary>
    public const int MaxGood = 10;

    private const int MaxContents = 2 * MaxGood;

    public required WorkloadReference Workload { get; init; }

    /// <summary>The uid under which the operator last saw it; null before that.</summary>
    public string? Uid { get; init; }

    /// <summary>What the operator last saw it run, and at which generation.</summary>
    public ChangeDigest Digest { get; init; }

    public TemplateFingerprint Template { get; init; }

    public long Generation { get; init; }

    /// <summary>When the content that it runs was seen first; a failure soon after a rollout, by a rollback, is told by it.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Oldest first, the newest last.</summary>
    public IReadOnlyList<KnownContent> Contents { get; init; } = [];

    /// <summary>When a rollout of it last failed; null: never, or long ago.</summary>
    public DateTimeOffset? FailedAt { get; init; }

    /// <summary>Values of the approval annotation from before the namespace was governed: nobody guarded them, so they do not count.</summary>
    public IReadOnlyList<string> UnguardedApprovals { get; init; } = [];

    public KnownContent? Find(ChangeDigest digest) => Contents.FirstOrDefault(c => c.Digest == digest);

    /// <summary>The content moves to the newest place; what was known to its credit stays known.</summary>
    public WorkloadHistory Learn(KnownContent content)
    {
        var before = Find(content.Digest);
        var learnt = content with
        {
            IsAdmitted = content.IsAdmitted || before is { IsAdmitted: true },
            IsGood = content.IsGood || before is { IsGood: true },
        };
        List<KnownContent> contents = [.. Contents.Where(c => c.Digest != content.Digest), learnt];
        while (contents.Count(c => c.IsGood) > MaxGood)
        {
            var oldest = contents.FindIndex(c => c.IsGood);
            contents[oldest] = contents[oldest] with { IsGood = false };
        }

        return this with { Contents = contents.Count > MaxContents ? Forget(contents) : contents };
    }

    // What is no target of a rollback goes first.
    private static List<KnownContent> Forget(List<KnownContent> contents)
    {
        var victim = contents.FindIndex(c => !c.IsGood);
        contents.RemoveAt(victim < 0 ? 0 : victim);
        return contents;
    }
}
