using System.Globalization;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Budgets;

/// <summary>What came of asking a ledger for a slot. A closed set.</summary>
public abstract record ReservationResult
{
    private ReservationResult()
    {
    }

    /// <summary>The rollout is written down in <see cref="Ledger"/>, which takes effect once it is stored.</summary>
    /// <param name="Ledger">What to store; the same instance as before when there is nothing to write.</param>
    /// <param name="Uses">The limits as they stood before, for the warning about a last slot.</param>
    public sealed record Reserved(RolloutLedger Ledger, LedgerEntry Entry, IReadOnlyList<LimitUse> Uses) : ReservationResult;

    /// <summary>Some limit is used up.</summary>
    public sealed record UsedUp(IReadOnlyList<LimitUse> Uses) : ReservationResult;

    /// <summary>This version of the ledger knows of exempt rollbacks that the decision did not: there are none left.</summary>
    public sealed record NoExemptRollbackLeft : ReservationResult;

    /// <summary>This version of the ledger knows, and the decision did not, that the same content was presented as AI-assisted.</summary>
    public sealed record PresentedMeanwhile : ReservationResult;

    /// <summary>Everything in the ledger is still needed and there is no room for more.</summary>
    public sealed record Full(int Entries) : ReservationResult;
}

/// <summary>Asking a ledger for a slot.</summary>
public static class Reservation
{
    // Under a storm of conflicts the API server calls dozens of times for one write. A repetition within this time is written
    // nowhere: with what a write can take, it stays below RolloutLedger.InFlight.
    private static readonly TimeSpan SameMoment = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Writes the rollout down. A request that is sent again, after a conflict perhaps, uses the reservation that it has, as long as
    /// nothing shows that to be persisted; in every other case it is a rollout of its own.
    /// </summary>
    /// <param name="ledger">The version of the ledger that the outcome will be written over.</param>
    /// <param name="policies">The policies that govern the rollout, all of them checked.</param>
    /// <param name="isPolicyLedger">Whether the ledger is a policy's, and not a namespace's.</param>
    /// <param name="now">The clock of this replica.</param>
    /// <param name="key">In a policy's ledger: the key of the entry in the namespace's, whose fate it shares.</param>
    /// <param name="presentation">By what the content is known again; null in a policy's ledger.</param>
    /// <param name="presentedUnder">The policies under which it declares itself AI-assisted.</param>
    public static ReservationResult Reserve(
        this RolloutLedger ledger,
        Rollout rollout,
        IReadOnlyList<ChangePolicy> policies,
        bool isPolicyLedger,
        DateTimeOffset now,
        string? key = null,
        Presentation? presentation = null,
        IReadOnlyList<string>? presentedUnder = null)
    {
        now = ledger.TimeOf(now);
        if (presentation is not null
            && rollout.Counts
            && rollout.Policies.Any(p => p.Provenance != Provenance.AIAssisted && ledger.PresentedAt(presentation, p.Name, now) is not null))
        {
            return new ReservationResult.PresentedMeanwhile();
        }

        if (presentation is not null && presentedUnder is { Count: > 0 })
        {
            ledger = ledger.Remember(presentation, presentedUnder, now);
        }

        var own = Own(ledger, rollout);
        if (own is not null && now - own.At <= SameMoment && own.Rollout.PreviousTemplate == rollout.PreviousTemplate && own.Rollout.Sort == rollout.Sort
            && ledger.LastOf(rollout.Uid) == own)
        {
            return new ReservationResult.Reserved(ledger, own, []);
        }

        // Moving the reservation to this time takes its old place away first: it may be the last that fits, or have
        // left the window, and then it needs a slot again.
        var others = ledger.Besides(rollout);
        List<LimitUse> uses = [.. policies.SelectMany(p => LimitCheck.Of(others, rollout, p, isPolicyLedger, now))];
        if (rollout.Sort == RolloutSort.Rollback && !isPolicyLedger && !Rollbacks.HasExempt(others, rollout.Workload, now))
        {
            return new ReservationResult.NoExemptRollbackLeft();
        }

        if (uses.Exists(u => u.IsUsedUp))
        {
            return new ReservationResult.UsedUp(uses);
        }

        // History that counts towards nothing passes a full ledger too.
        if (others.Entries.Count >= RolloutLedger.MaxEntries && rollout.Counts)
        {
            return new ReservationResult.Full(others.Entries.Count);
        }

        var entry = own is null
            ? new LedgerEntry(key ?? KeyOf(ledger, rollout, now), rollout, now, EntryState.Reserved)
            : own with { Key = key ?? own.Key, Rollout = rollout, At = now };
        return new ReservationResult.Reserved(others with { Entries = [.. others.Entries, entry] }, entry, uses);
    }

    /// <summary>What limits are counted from for this rollout: all but the reservation that an earlier call for it has made.</summary>
    public static RolloutLedger Besides(this RolloutLedger ledger, Rollout rollout) => Own(ledger, rollout) is { } own
        ? ledger with { Entries = [.. ledger.Entries.Where(e => e != own)] }
        : ledger;

    // The reservation of an earlier call for this request. It is none once a later entry goes on from what it leads to: then it was
    // persisted, and this is another rollout to the same content. One that was judged against an older version of the object
    // cannot be persisted any more as it was judged, and goes over to this call; one against a newer version may be, and stays.
    private static LedgerEntry? Own(RolloutLedger ledger, Rollout rollout) => ledger.Entries.LastOrDefault(e =>
        e.State == EntryState.Reserved
        && e.Rollout.HasSameTargetAs(rollout)
        && (rollout.IsCreate || e.Rollout.PreviousTemplate == rollout.PreviousTemplate || e.Rollout.PreviousVersion < rollout.PreviousVersion)
        && !ledger.GoesOnFrom(e));

    // Two entries of one object have different times or different content, so this names one entry and is the same
    // whoever computes it.
    private static string KeyOf(RolloutLedger ledger, Rollout rollout, DateTimeOffset now)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"{rollout.Uid}/{now.UtcTicks:x}/{rollout.Template}");
        return ledger.Entries.Any(e => e.Key == key) ? $"{key}/{ledger.Entries.Count}" : key;
    }
}
