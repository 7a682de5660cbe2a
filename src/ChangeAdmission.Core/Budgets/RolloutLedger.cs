using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Budgets;

/// <summary>How far an entry of the ledger has come.</summary>
public enum EntryState
{
    /// <summary>Written before the rollout was admitted; whether it was persisted is not known yet. It counts.</summary>
    Reserved,

    /// <summary>The rollout was seen in the cluster.</summary>
    Committed,
}

/// <summary>One rollout in the ledger.</summary>
/// <param name="Key">Unique in its ledger; by it a reservation is found again when the answer to its write was lost.</param>
/// <param name="At">When it was admitted; once committed, when it was seen.</param>
/// <param name="IsRecorded">Its <c>ChangeRecord</c> is written, so the entry may go once no limit can count it.</param>
public sealed record LedgerEntry(string Key, Rollout Rollout, DateTimeOffset At, EntryState State, bool IsRecorded = false)
{
    /// <summary>When a window of this length that is counted anew no longer holds the rollout, whenever it was persisted.</summary>
    public DateTimeOffset Leaves(TimeSpan window) =>
        At + window + RolloutLedger.Slack + (State == EntryState.Reserved ? RolloutLedger.InFlight : TimeSpan.Zero);
}

/// <summary>
/// Who rolled out what, when, in one namespace or under one policy: the truth that limits are counted from. A quota can be
/// recounted from the objects that are there; rollouts are events, so in doubt this counts.
/// <code>
///   Reserve ──► Reserved ──► Committed ──► (recorded, and out of every window) ──► pruned
///                  └──► released: it was never persisted
/// </code>
/// An immutable value: reserve, commit, release and prune are functions from ledger to ledger, and whoever writes the outcome
/// back does it by compare-and-swap.
/// </summary>
public sealed record RolloutLedger
{
    /// <summary>So many entries that are still needed fill a ledger.</summary>
    public const int MaxEntries = 500;

    /// <summary>Every window is longer by this, because the clocks of replicas differ: each by at most 2 s, or it is not ready.</summary>
    public static readonly TimeSpan Slack = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A rollout may be persisted this long after we admitted it, held up by other webhooks: the API server ends a write after
    /// 34 s (requestTimeoutUpperBound in k8s.io/apiserver, pkg/endpoints/handlers/rest.go).
    /// </summary>
    public static readonly TimeSpan InFlight = TimeSpan.FromSeconds(40);

    public static RolloutLedger Empty { get; } = new();

    /// <summary>When the workloads of the namespace were taken stock of; null: not yet, and then nothing may be admitted by it.</summary>
    public DateTimeOffset? AdoptedAt { get; init; }

    /// <summary>In the order in which they were admitted; one that is admitted again, after a conflict, moves behind those that came between.</summary>
    public IReadOnlyList<LedgerEntry> Entries { get; init; } = [];

    /// <summary>What is known of each workload beyond the entries' life. Empty in the ledger of a policy.</summary>
    public IReadOnlyList<WorkloadHistory> Workloads { get; init; } = [];

    /// <summary>Content that was presented as AI-assisted and stays so, the oldest first. Empty in the ledger of a policy.</summary>
    public IReadOnlyList<PresentedContent> Presented { get; init; } = [];

    /// <summary>Never before an entry: a clock that went back does not reopen a window.</summary>
    public DateTimeOffset TimeOf(DateTimeOffset now)
    {
        foreach (var entry in Entries)
        {
            now = entry.At > now ? entry.At : now;
        }

        return now;
    }

    /// <summary>
    /// Whether a later entry begins where this one leads to, which proves that this one was persisted. An earlier one proves nothing:
    /// the workload may have run the same content once before.
    /// </summary>
    public bool GoesOnFrom(LedgerEntry entry)
    {
        var isLater = false;
        foreach (var other in Entries)
        {
            if (isLater && other.Rollout.BeginsAt(entry.Rollout))
            {
                return true;
            }

            isLater |= other == entry;
        }

        return false;
    }

    /// <summary>The entry of an object that was admitted last; null for none.</summary>
    public LedgerEntry? LastOf(string uid) => Entries.LastOrDefault(e => string.Equals(e.Rollout.Uid, uid, StringComparison.Ordinal));

    /// <summary>What is known of a workload; nothing but its name when it is new.</summary>
    public WorkloadHistory HistoryOf(WorkloadReference workload) =>
        Workloads.FirstOrDefault(w => w.Workload == workload) ?? new WorkloadHistory { Workload = workload };

    /// <summary>The ledger with this workload's history in place of the one it had.</summary>
    public RolloutLedger With(WorkloadHistory history)
    {
        var others = Workloads.Where(w => w.Workload != history.Workload);
        return this with { Workloads = [.. others.Append(history).OrderBy(w => w.Workload.Kind).ThenBy(w => w.Workload.Name, StringComparer.Ordinal)] };
    }
}
