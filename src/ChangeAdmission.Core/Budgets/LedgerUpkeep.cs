using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Budgets;

/// <summary>A workload as it is in the cluster.</summary>
/// <param name="Generation"><c>metadata.generation</c>: every write of its spec moves it.</param>
/// <param name="IsAvailable">Its latest rollout is complete and running.</param>
/// <param name="Approvals">The values of its approval annotation.</param>
public sealed record WorkloadSeen(
    WorkloadReference Workload,
    string Uid,
    ChangeDigest Digest,
    TemplateFingerprint Template,
    long Generation,
    bool IsAvailable,
    IReadOnlyList<string> Approvals);

/// <summary>What seeing a workload did to the ledger.</summary>
/// <param name="Ledger">The same instance as before when there is nothing to write.</param>
/// <param name="Committed">The entries that this proved, oldest first.</param>
/// <param name="IsUnadmitted">It runs content that nobody admitted: the webhook was away, or the namespace not governed.</param>
public sealed record Observation(RolloutLedger Ledger, IReadOnlyList<LedgerEntry> Committed, bool IsUnadmitted);

/// <summary>What a live read, long after a reservation, shows about it.</summary>
/// <param name="Current">The workload as it is; null when there is none of its name.</param>
/// <param name="Revisions">The digests of all templates that its ReplicaSets or ControllerRevisions carry.</param>
/// <param name="NeverExisted">
/// Known by a watch without a gap since before the reservation, in which no object of the reservation's uid ever appeared. That there
/// is none now does not say so: it may have been created, and deleted again.
/// </param>
public sealed record LiveEvidence(WorkloadSeen? Current, IReadOnlySet<ChangeDigest> Revisions, bool NeverExisted = false);

/// <summary>What the operator does to a ledger: adopt, commit, release, prune. All of it is safe to do twice.</summary>
public static class LedgerUpkeep
{
    /// <summary>Takes stock: what runs already is the baseline and nothing to report; approvals that stand there do not count.</summary>
    public static RolloutLedger Adopt(this RolloutLedger ledger, IEnumerable<WorkloadSeen> workloads, DateTimeOffset now)
    {
        if (ledger.AdoptedAt is not null)
        {
            return ledger;
        }

        var adopted = ledger with { AdoptedAt = now };
        foreach (var seen in workloads)
        {
            var history = Now(adopted.HistoryOf(seen.Workload), seen, now) with { UnguardedApprovals = seen.Approvals };
            adopted = adopted.With(history.Learn(new KnownContent(seen.Digest, IsAdmitted: true, IsGood: seen.IsAvailable)));
        }

        return adopted;
    }

    /// <summary>
    /// Commits the reservations that the workload, as it is seen, proves to be persisted: the newest that leads to what it
    /// runs, and those that this one names as going before it. One entry for each transition, however many calls there were.
    /// </summary>
    public static Observation Observe(this RolloutLedger ledger, WorkloadSeen seen, DateTimeOffset now)
    {
        ledger = ForgetRemovedApprovals(ledger, seen);
        var history = ledger.HistoryOf(seen.Workload);
        var isSameObject = string.Equals(history.Uid, seen.Uid, StringComparison.Ordinal);
        var isSameContent = isSameObject && history.Digest == seen.Digest;
        if (isSameObject && (seen.Generation < history.Generation
            || (seen.Generation == history.Generation && isSameContent && history.Template == seen.Template)))
        {
            // Seen already, or an older state that arrives late.
            return new Observation(ledger, [], false);
        }

        var committed = Commit(Proven(ledger, seen, isSameObject ? history.Digest : default), ledger.TimeOf(now));
        var after = ledger with { Entries = [.. ledger.Entries.Select(e => committed.Find(c => c.Key == e.Key) ?? e)] };

        // The same generation with another digest is the API server's new defaults after an upgrade, not a rollout.
        var isNewDefaults = isSameObject && seen.Generation == history.Generation;
        var isUnadmitted = !isSameContent && committed.Count == 0 && !isNewDefaults;

        var moved = isSameContent ? history with { Template = seen.Template, Generation = seen.Generation } : Now(history, seen, now);
        foreach (var entry in committed)
        {
            moved = moved.Learn(new KnownContent(entry.Rollout.Digest, IsAdmitted: true, IsGood: false));
        }

        if (isNewDefaults && !isSameContent)
        {
            moved = moved.Learn(new KnownContent(
                seen.Digest,
                IsAdmitted: history.Find(history.Digest) is { IsAdmitted: true },
                IsGood: history.Find(history.Digest) is { IsGood: true }));
        }

        return new Observation(after.With(moved), committed, isUnadmitted);
    }

    /// <summary>
    /// Takes a reservation away if a live read shows that it was never persisted, by another webhook's no for example. Where
    /// the evidence leaves a doubt, the entry stays and counts.
    /// </summary>
    public static RolloutLedger Release(this RolloutLedger ledger, LedgerEntry entry, LiveEvidence evidence)
    {
        var present = ledger.Entries.FirstOrDefault(e => e.Key == entry.Key);
        return present is { State: EntryState.Reserved } && present == entry && WasNeverPersisted(ledger, entry, evidence)
            ? ledger with { Entries = [.. ledger.Entries.Where(e => e != present)] }
            : ledger;
    }

    /// <summary>
    /// Brings the ledger of a policy to what the ledgers of its namespaces say: an entry is committed with its twin there, and
    /// goes when its twin is released.
    /// </summary>
    /// <param name="ledgerOf">The ledger of a namespace; null where there is none.</param>
    /// <param name="settled">Entries that were reserved before this have a twin by now, if they ever will.</param>
    public static RolloutLedger Follow(this RolloutLedger ledger, Func<string, RolloutLedger?> ledgerOf, DateTimeOffset settled)
    {
        var entries = new List<LedgerEntry>(ledger.Entries.Count);
        foreach (var entry in ledger.Entries)
        {
            var narrow = ledgerOf(entry.Rollout.Workload.Namespace);
            var twin = narrow?.Entries.FirstOrDefault(e => e.Key == entry.Key);
            if (entry.State == EntryState.Committed || twin is { State: EntryState.Reserved })
            {
                entries.Add(entry);
            }
            else if (twin is not null)
            {
                entries.Add(entry with { State = EntryState.Committed, At = twin.At, IsRecorded = true });
            }
            else if (narrow?.AdoptedAt is not { } adopted || adopted >= entry.At || entry.At >= settled)
            {
                // A ledger that is gone, or younger, says nothing about the entry.
                entries.Add(entry);
            }
        }

        return entries.SequenceEqual(ledger.Entries) ? ledger : ledger with { Entries = entries };
    }

    /// <summary>Drops the entries that no limit can count any more and whose record is written.</summary>
    /// <param name="window">The longest window that any limit counts in this ledger.</param>
    public static RolloutLedger Prune(this RolloutLedger ledger, TimeSpan window, DateTimeOffset now)
    {
        now = ledger.TimeOf(now);
        var kept = ledger.Entries.Where(e => e.Leaves(window) > now || (e.State == EntryState.Committed && !e.IsRecorded)).ToList();
        return kept.Count == ledger.Entries.Count ? ledger : ledger with { Entries = kept };
    }

    /// <summary>Marks entries whose record is written.</summary>
    public static RolloutLedger Recorded(this RolloutLedger ledger, IReadOnlySet<string> keys) =>
        ledger.Entries.Any(e => !e.IsRecorded && keys.Contains(e.Key))
            ? ledger with { Entries = [.. ledger.Entries.Select(e => keys.Contains(e.Key) ? e with { IsRecorded = true } : e)] }
            : ledger;

    // A value that was taken off the workload can only come back by the guarded way.
    private static RolloutLedger ForgetRemovedApprovals(RolloutLedger ledger, WorkloadSeen seen)
    {
        var history = ledger.HistoryOf(seen.Workload);
        var remaining = history.UnguardedApprovals.Where(a => seen.Approvals.Contains(a, StringComparer.Ordinal)).ToList();
        return remaining.Count == history.UnguardedApprovals.Count ? ledger : ledger.With(history with { UnguardedApprovals = remaining });
    }

    private static WorkloadHistory Now(WorkloadHistory history, WorkloadSeen seen, DateTimeOffset now) => history with
    {
        Uid = seen.Uid,
        Digest = seen.Digest,
        Template = seen.Template,
        Generation = seen.Generation,
        Since = now,
    };

    // Backwards from what runs: the newest reservation that ends there, then the one that ends where that one began, until
    // what was seen last is reached.
    private static List<LedgerEntry> Proven(RolloutLedger ledger, WorkloadSeen seen, ChangeDigest known)
    {
        var candidates = ledger.Entries.Where(e => IsOf(e, seen) && e.State == EntryState.Reserved && MayBePersisted(e, seen)).ToList();
        var proven = new List<LedgerEntry>();
        var link = candidates.FindLast(e => EndsIn(e, seen));
        while (link is not null)
        {
            proven.Insert(0, link);
            candidates = candidates[..candidates.IndexOf(link)];
            if (link.Rollout.IsCreate || (link.Rollout.PreviousDigest == known && !known.IsDefault))
            {
                break;
            }

            var from = link.Rollout.PreviousDigest;
            link = candidates.FindLast(e => e.Rollout.Digest == from);
        }

        return proven;
    }

    // Each was persisted at some time between its admission and now, not later than a write can take, and before the one that went
    // on from it: records are ordered by this time.
    private static List<LedgerEntry> Commit(List<LedgerEntry> proven, DateTimeOffset now)
    {
        var latest = now;
        for (var i = proven.Count - 1; i >= 0; i--)
        {
            var inFlight = proven[i].At + RolloutLedger.InFlight;
            latest = inFlight < latest ? inFlight : latest;
            proven[i] = proven[i] with { State = EntryState.Committed, At = latest };
            latest -= TimeSpan.FromMilliseconds(1);
        }

        return proven;
    }

    private static bool IsOf(LedgerEntry entry, WorkloadSeen seen) => string.Equals(entry.Rollout.Uid, seen.Uid, StringComparison.Ordinal);

    private static bool MayBePersisted(LedgerEntry entry, WorkloadSeen seen) =>
        entry.Rollout.IsCreate || seen.Generation > entry.Rollout.PreviousGeneration;

    // A restart is told by its template alone: its digest was there before.
    private static bool EndsIn(LedgerEntry entry, WorkloadSeen seen) =>
        entry.Rollout.Template == seen.Template
        || (entry.Rollout.Digest == seen.Digest && entry.Rollout.Digest != entry.Rollout.PreviousDigest);

    private static bool WasNeverPersisted(RolloutLedger ledger, LedgerEntry entry, LiveEvidence evidence)
    {
        var rollout = entry.Rollout;
        if (rollout.IsCreate)
        {
            return evidence.NeverExisted && evidence.Current?.Uid != rollout.Uid;
        }

        // An object that is gone proves nothing about what it ran. One that is there, and runs something else, went on from this
        // content if it ever had it: a revision or the entry of that next rollout tells.
        return evidence.Current is { } current
            && current.Uid == rollout.Uid
            && !EndsIn(entry, current)
            && (rollout.Digest == rollout.PreviousDigest || !evidence.Revisions.Contains(rollout.Digest))
            && !ledger.GoesOnFrom(entry);
    }
}
