using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using static ChangeAdmission.Core.Tests.Budgets.Ledgers;

namespace ChangeAdmission.Core.Tests.Budgets;

public sealed class LedgerUpkeepTests
{
    private static readonly IReadOnlySet<ChangeDigest> NoRevisions = new HashSet<ChangeDigest>();

    [Fact]
    public void Rollouts_that_are_seen_at_once_keep_their_order()
    {
        var ledger = RolloutLedger.Empty.Adopt([], At(-100))
            .Charged(Create(1), Policy(), At(0))
            .Charged(Rollout(1, 2, generation: 1), Policy(), At(1))
            .Charged(Rollout(2, 3, generation: 2), Policy(), At(2));

        var committed = ledger.Observe(Seen(3, 3), At(20)).Committed;

        committed.Select(e => e.Rollout.Digest).Should().Equal(Content(1), Content(2), Content(3));
        committed.Select(e => e.At).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems("an outcome is told by what came after it");
        committed[^1].At.Should().Be(At(20));
    }

    [Fact]
    public void What_runs_at_adoption_is_no_unadmitted_rollout_and_needs_no_approval_to_restart()
    {
        var ledger = Running(0);

        ledger.Observe(Seen(0, 1), At(0)).Should().Match<Observation>(o => !o.IsUnadmitted && o.Ledger == ledger);
        ledger.HistoryOf(Payments).Find(Content(0)).Should().Be(new KnownContent(Content(0), IsAdmitted: true, IsGood: true));
    }

    [Fact]
    public void What_was_not_available_at_adoption_is_no_target_of_a_rollback()
    {
        var ledger = RolloutLedger.Empty.Adopt([Seen(0, 1, available: false)], At(0));

        Rollbacks.IsRollback(ledger, Payments, Content(1), Content(0)).Should().BeFalse();
    }

    [Fact]
    public void A_ledger_is_adopted_once() =>
        Running(0).Should().Match<RolloutLedger>(l => l.Adopt(new[] { Seen(7, 7) }, At(0)) == l);

    [Fact]
    public void A_rollout_that_is_seen_commits_its_reservation()
    {
        var seen = Running(0).Charged(Rollout(0, 1), Policy(), At(0)).Observe(Seen(1, 2), At(1));

        seen.IsUnadmitted.Should().BeFalse();
        seen.Committed.Should().ContainSingle();
        seen.Ledger.Entries.Should().ContainSingle().Which.State.Should().Be(EntryState.Committed);
        seen.Ledger.Observe(Seen(1, 2), At(2)).Ledger.Should().BeSameAs(seen.Ledger, "seeing it again changes nothing");
    }

    [Fact]
    public void A_rollout_without_an_entry_is_unadmitted()
    {
        Running(0).Observe(Seen(1, 2), At(0)).IsUnadmitted.Should().BeTrue();
        Running(0).Observe(Seen(0, 1, Named("new"), "uid-9"), At(0)).IsUnadmitted.Should().BeTrue("it was created past us");
        Running(0).Observe(Seen(0, 1, uid: "uid-9"), At(0)).IsUnadmitted.Should().BeTrue("it was created anew past us");
    }

    [Fact]
    public void Content_that_came_past_us_is_neither_admitted_nor_a_target_of_a_rollback()
    {
        var ledger = Running(0).Observe(Seen(1, 2), At(0)).Ledger;

        ledger.HistoryOf(Payments).Find(Content(1)).Should().BeNull();
        ledger.HistoryOf(Payments).Digest.Should().Be(Content(1));
    }

    [Fact]
    public void New_defaults_after_an_upgrade_are_learnt_quietly()
    {
        var seen = Running(0).Observe(Seen(1, 1), At(0));

        seen.IsUnadmitted.Should().BeFalse();
        seen.Ledger.HistoryOf(Payments).Find(Content(1)).Should().Be(new KnownContent(Content(1), IsAdmitted: true, IsGood: true));
    }

    [Fact]
    public void A_scaled_workload_commits_nothing()
    {
        var ledger = Running(0).Charged(Rollout(0, 1), Policy(), At(0));

        ledger.Observe(Seen(0, 2), At(1)).Should().Match<Observation>(o => o.Committed.Count == 0 && !o.IsUnadmitted);
    }

    [Fact]
    public void Two_quick_rollouts_are_both_proven_by_what_runs_in_the_end()
    {
        var seen = Running(0)
            .Charged(Rollout(0, 1, generation: 1), Policy(), At(0))
            .Charged(Rollout(1, 2, generation: 2), Policy(), At(1))
            .Observe(Seen(2, 3), At(2));

        seen.Committed.Select(e => e.Rollout.Digest).Should().Equal(Content(1), Content(2));
    }

    [Fact]
    public void A_rollout_there_and_back_is_proven_by_the_generation()
    {
        var seen = Running(0)
            .Charged(Rollout(0, 1, generation: 1), Policy(), At(0))
            .Charged(Rollout(1, 0, generation: 2), Policy(), At(1))
            .Observe(Seen(0, 3), At(2));

        seen.Committed.Should().HaveCount(2);
    }

    [Fact]
    public void A_reservation_beside_the_chain_is_not_proven()
    {
        var seen = Running(0)
            .Charged(Rollout(0, 1, generation: 1), Policy(), At(0))
            .Charged(Rollout(0, 2, generation: 1), Policy(), At(1))
            .Observe(Seen(2, 2), At(2));

        seen.Committed.Should().ContainSingle().Which.Rollout.Digest.Should().Be(Content(2));
    }

    [Fact]
    public void A_restart_is_proven_by_its_template_alone()
    {
        var restart = Rollout(0, 0) with { Template = new(100) };
        var ledger = Running(0).Charged(restart, Policy(), At(0));

        ledger.Observe(Seen(0, 2), At(1)).Committed.Should().BeEmpty("it was scaled");
        ledger.Observe(Seen(0, 2) with { Template = new(100) }, At(1)).Committed.Should().ContainSingle();
    }

    [Fact]
    public void A_create_is_proven_by_its_uid()
    {
        var ledger = Running(0).Charged(Create(3, Named("new"), "uid-9"), Policy(), At(0));

        ledger.Observe(Seen(3, 1, Named("new"), "uid-9"), At(1)).Should().Match<Observation>(o => o.Committed.Count == 1 && !o.IsUnadmitted);
        ledger.Observe(Seen(3, 1, Named("new"), "uid-8"), At(1)).IsUnadmitted.Should().BeTrue();
    }

    [Fact]
    public void An_older_state_that_arrives_late_changes_nothing()
    {
        var ledger = Running(0).Charged(Rollout(0, 1), Policy(), At(0)).Observe(Seen(1, 2), At(1)).Ledger;

        ledger.Observe(Seen(0, 1), At(2)).Ledger.Should().BeSameAs(ledger);
    }

    [Fact]
    public void A_reservation_is_released_when_the_old_content_still_runs_and_no_revision_carries_the_new()
    {
        var ledger = Running(0).Charged(Rollout(0, 1), Policy(), At(0));
        var entry = ledger.Entries[0];

        ledger.Release(entry, new(Seen(0, 1), NoRevisions)).Entries.Should().BeEmpty();
        ledger.Release(entry, new(Seen(1, 2), NoRevisions)).Should().BeSameAs(ledger, "it runs");
        ledger.Release(entry, new(Seen(0, 3), new HashSet<ChangeDigest> { Content(1) })).Should().BeSameAs(ledger, "it ran: a revision carries it");
        ledger.Release(entry, new(null, NoRevisions)).Should().BeSameAs(ledger, "an object that is gone proves nothing");
        ledger.Release(entry, new(Seen(0, 1, uid: "uid-2"), NoRevisions)).Should().BeSameAs(ledger, "another object of that name proves nothing");
    }

    [Fact]
    public void A_reservation_from_whose_content_a_later_entry_goes_on_stays()
    {
        var ledger = Running(0).Charged(Rollout(0, 1), Policy(), At(0)).Charged(Rollout(1, 0, generation: 2), Policy(), At(1));

        ledger.Release(ledger.Entries[0], new(Seen(0, 1), NoRevisions)).Should().BeSameAs(ledger);
    }

    [Fact]
    public void A_reservation_that_lost_against_another_is_released_though_that_one_came_later()
    {
        var ledger = Running(0).Charged(Rollout(0, 1), Policy(), At(0)).Charged(Rollout(0, 2), Policy(), At(1)).Observe(Seen(2, 2), At(2)).Ledger;

        ledger.Release(ledger.Entries[0], new(Seen(2, 2), NoRevisions)).Entries.Should().ContainSingle().Which.Rollout.Digest.Should().Be(Content(2));
    }

    [Fact]
    public void A_create_is_released_when_no_such_object_ever_appeared()
    {
        var ledger = Running(0).Charged(Create(1, Named("new"), "uid-9"), Policy(), At(0));

        ledger.Release(ledger.Entries[0], new(null, NoRevisions, NeverExisted: true)).Entries.Should().BeEmpty();
        ledger.Release(ledger.Entries[0], new(null, NoRevisions)).Should().BeSameAs(ledger, "it may have been deleted again");
        ledger.Release(ledger.Entries[0], new(Seen(1, 1, Named("new"), "uid-9"), NoRevisions)).Should().BeSameAs(ledger);
    }

    [Fact]
    public void A_reservation_that_changed_since_it_was_looked_at_is_not_released()
    {
        var before = Running(0).Charged(Rollout(0, 1), Policy(), At(0));
        var used = before.Charged(Rollout(0, 1, generation: 2), Policy(), At(6));

        used.Release(before.Entries[0], new(Seen(0, 1), NoRevisions)).Should().BeSameAs(used);
    }

    [Fact]
    public void Only_what_no_limit_can_count_and_is_recorded_is_pruned()
    {
        var ledger = Running(0).Charged(Rollout(0, 1), Policy(), At(0)).Observe(Seen(1, 2), At(1)).Ledger;
        var keys = ledger.Entries.Select(e => e.Key).ToHashSet();

        ledger.Prune(TimeSpan.FromMinutes(10), At(606)).Should().BeSameAs(ledger, "its record is not written");
        ledger.Recorded(keys).Prune(TimeSpan.FromMinutes(10), At(605)).Entries.Should().NotBeEmpty("a limit can count it");
        ledger.Recorded(keys).Prune(TimeSpan.FromMinutes(10), At(606)).Entries.Should().BeEmpty();
    }

    [Fact]
    public void An_approval_from_before_the_namespace_was_governed_is_noted_until_it_is_removed()
    {
        var ledger = RolloutLedger.Empty.Adopt([Seen(0, 1) with { Approvals = ["sha256:00/senior"] }], At(0));

        ledger.HistoryOf(Payments).UnguardedApprovals.Should().Equal("sha256:00/senior");
        ledger.Observe(Seen(0, 1), At(1)).Ledger.HistoryOf(Payments).UnguardedApprovals.Should().BeEmpty();
    }

    [Fact]
    public void The_last_ten_good_contents_are_remembered()
    {
        var history = new WorkloadHistory { Workload = Payments };
        for (var i = 0; i < 50; i++)
        {
            history = history.Learn(new KnownContent(Content(i), IsAdmitted: true, IsGood: i < 30));
        }

        history.Contents.Where(c => c.IsGood).Select(c => c.Digest).Should().Equal(Enumerable.Range(20, 10).Select(Content));
        history.Contents.Count.Should().BeLessThanOrEqualTo(20);
    }
}
