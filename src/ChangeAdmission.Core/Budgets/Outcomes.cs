using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Budgets;

/// <summary>How a rollout ended, or stands.</summary>
public enum RolloutOutcome
{
    Progressing,
    Succeeded,
    Failed,

    /// <summary>Another rollout came before it was complete.</summary>
    Superseded,

    /// <summary>It was taken back by a rollback soon after.</summary>
    RolledBack,
}

/// <summary>How the latest rollout of a workload stands in the cluster.</summary>
public enum RolloutProgress
{
    Progressing,

    /// <summary>All replicas run the new content and are available, as <c>kubectl rollout status</c> judges it.</summary>
    Complete,

    /// <summary>A Deployment exceeded its progress deadline.</summary>
    Failed,
}

/// <summary>What is known of a rollout that has a record.</summary>
/// <param name="HasStatus">Whether the outcome is written, and not merely the one that a record begins with.</param>
public sealed record RecordedRollout(
    string Namespace,
    string Name,
    WorkloadReference Workload,
    string Uid,
    ChangeDigest Digest,
    TemplateFingerprint Template,
    bool IsAdmitted,
    RolloutSort Sort,
    Provenance Provenance,
    DateTimeOffset At,
    RolloutOutcome Outcome,
    bool HasStatus)
{
    public IReadOnlyList<ApprovedBy> Approvers { get; init; } = [];
}

/// <summary>Decides how rollouts ended, from what runs and from what came after them.</summary>
public static class Outcomes
{
    /// <summary>A rollout that is taken back within this time, complete or not, is taken to have failed.</summary>
    public static readonly TimeSpan RollbackMeansFailure = TimeSpan.FromMinutes(10);

    /// <summary>The outcome of each record of one workload, oldest first.</summary>
    /// <param name="seen">The workload as it is; null when it is gone.</param>
    public static IReadOnlyList<RolloutOutcome> Of(IReadOnlyList<RecordedRollout> records, WorkloadSeen? seen, RolloutProgress progress)
    {
        var outcomes = new RolloutOutcome[records.Count];
        for (var i = 0; i < records.Count; i++)
        {
            var record = records[i];
            var next = i + 1 < records.Count ? records[i + 1] : null;
            var isCurrent = next is null && seen is not null && seen.Uid == record.Uid && seen.Template == record.Template;
            outcomes[i] = record.Outcome switch
            {
                RolloutOutcome.Progressing or RolloutOutcome.Succeeded when IsTakenBack(record, next) => RolloutOutcome.RolledBack,
                RolloutOutcome.Progressing when isCurrent => progress switch
                {
                    RolloutProgress.Complete => RolloutOutcome.Succeeded,
                    RolloutProgress.Failed => RolloutOutcome.Failed,
                    _ => RolloutOutcome.Progressing,
                },
                // A Deployment that exceeded its deadline may still come to run.
                RolloutOutcome.Failed when isCurrent && progress == RolloutProgress.Complete => RolloutOutcome.Succeeded,
                RolloutOutcome.Progressing when next is not null || seen is null || seen.Uid != record.Uid => RolloutOutcome.Superseded,
                var settled => settled,
            };
        }

        return outcomes;
    }

    /// <summary>What an outcome teaches about the workload: good content to go back to, and when a rollout failed.</summary>
    public static RolloutLedger Learn(this RolloutLedger ledger, RecordedRollout record, RolloutOutcome outcome, DateTimeOffset now)
    {
        var before = ledger.HistoryOf(record.Workload);
        var after = before.Learn(record, outcome, now);
        return ReferenceEquals(before, after) ? ledger : ledger.With(after);
    }

    private static WorkloadHistory Learn(this WorkloadHistory history, RecordedRollout record, RolloutOutcome outcome, DateTimeOffset now) => outcome switch
    {
        // Content that came by break-glass or past us is nothing to go back to without asking.
        RolloutOutcome.Succeeded when record.IsAdmitted && record.Sort != RolloutSort.BreakGlass =>
            history.Learn(new KnownContent(record.Digest, IsAdmitted: true, IsGood: true)),
        RolloutOutcome.Failed or RolloutOutcome.RolledBack => history with { FailedAt = now },
        _ => history,
    };

    private static bool IsTakenBack(RecordedRollout record, RecordedRollout? next) =>
        next is { Sort: RolloutSort.Rollback } && record.Sort != RolloutSort.Rollback && next.At - record.At < RollbackMeansFailure;
}
