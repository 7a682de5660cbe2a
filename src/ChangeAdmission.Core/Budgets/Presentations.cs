using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Budgets;

/// <summary>What a change presents: by this it is known again when it comes without its mark.</summary>
/// <param name="Content">The digest of its content, whatever its annotations say.</param>
/// <param name="NewImages">Fingerprints of the images that it brings to the workload: with another dummy variable it is the same change.</param>
public sealed record Presentation(WorkloadReference Workload, ChangeDigest Content, IReadOnlyList<string> NewImages);

/// <summary>Content that was presented as AI-assisted.</summary>
/// <param name="Policies">Under which it was; one that reads other annotations is not bound by it.</param>
/// <param name="At">When it last was.</param>
public sealed record PresentedContent(WorkloadReference Workload, ChangeDigest Content, IReadOnlyList<string> Images, IReadOnlyList<string> Policies, DateTimeOffset At);

/// <summary>
/// Once declared AI-assisted, always AI-assisted, for that content: a rejection cannot be answered by taking the mark away.
/// </summary>
public static class Presentations
{
    /// <summary>So long it is remembered.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromDays(7);

    /// <summary>So many are remembered in one namespace; the oldest go first.</summary>
    public const int MaxRemembered = 200;

    private const int MaxImages = 32;

    // The same presentation again within this time is not worth a write.
    private static readonly TimeSpan Refresh = TimeSpan.FromHours(1);

    /// <summary>When this content, or an image that it newly brings, was presented as AI-assisted under the policy; null: not.</summary>
    public static DateTimeOffset? PresentedAt(this RolloutLedger ledger, Presentation presentation, string policy, DateTimeOffset now)
    {
        foreach (var known in ledger.Presented)
        {
            if (known.Workload == presentation.Workload
                && known.At + Life > now
                && known.Policies.Contains(policy, StringComparer.Ordinal)
                && (known.Content == presentation.Content || known.Images.Any(i => presentation.NewImages.Contains(i, StringComparer.Ordinal))))
            {
                return known.At;
            }
        }

        return null;
    }

    /// <summary>Remembers that the content was presented as AI-assisted under these policies; the same instance when that is known already.</summary>
    public static RolloutLedger Remember(this RolloutLedger ledger, Presentation presentation, IReadOnlyList<string> policies, DateTimeOffset now)
    {
        var known = ledger.Presented.FirstOrDefault(p => p.Workload == presentation.Workload && p.Content == presentation.Content);
        List<string> images = [.. presentation.NewImages.Union(known?.Images ?? [], StringComparer.Ordinal).Take(MaxImages)];
        List<string> all = [.. policies.Union(known?.Policies ?? [], StringComparer.Ordinal)];
        if (known is not null && known.At + Refresh > now && images.Count == known.Images.Count && all.Count == known.Policies.Count)
        {
            return ledger;
        }

        List<PresentedContent> presented =
        [
            .. ledger.Presented.Where(p => p != known && p.At + Life > now),
            new PresentedContent(presentation.Workload, presentation.Content, images, all, now),
        ];
        return ledger with { Presented = presented.Count > MaxRemembered ? presented[^MaxRemembered..] : presented };
    }
}
