using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using static ChangeAdmission.Core.Tests.Budgets.Ledgers;

namespace ChangeAdmission.Core.Tests.Budgets;

public sealed class ReservationTests
{
    [Fact]
    public void A_limit_admits_as_many_as_it_says_and_then_says_when_the_next_slot_opens()
    {
        var policy = Policy(PerWorkload(2, 600));
        var ledger = Running(0).Charged(Rollout(0, 1), policy, At(0)).Observe(Seen(1, 2), At(0)).Ledger
            .Charged(Rollout(1, 2, generation: 2), policy, At(30));

        var refused = ledger.Ask(Rollout(2, 3, generation: 3), policy, At(60)).Should().BeOfType<ReservationResult.UsedUp>().Subject;

        refused.Uses.Should().ContainSingle().Which.Should().Match<LimitUse>(u => u.Used == 2 && u.Unseen == 1 && u.NextSlot == At(605));
        ledger.Ask(Rollout(2, 3, generation: 3), policy, At(604)).Should().BeOfType<ReservationResult.UsedUp>();
        ledger.Ask(Rollout(2, 3, generation: 3), policy, At(605)).Should().BeOfType<ReservationResult.Reserved>();
    }

    [Fact]
    public void A_reservation_that_nobody_has_seen_counts_longer_because_it_may_be_persisted_later()
    {
        var policy = Policy(PerWorkload(1, 600));
        var reserved = Running(0).Charged(Rollout(0, 1), policy, At(0));

        reserved.Ask(Rollout(1, 2, generation: 2), policy, At(1)).Should().BeOfType<ReservationResult.UsedUp>().Which.Uses[0].NextSlot.Should().Be(At(645));
        reserved.Observe(Seen(1, 2), At(20)).Ledger.Ask(Rollout(1, 2, generation: 2), policy, At(21))
            .Should().BeOfType<ReservationResult.UsedUp>().Which.Uses[0].NextSlot.Should().Be(At(625), "it was seen after 20 s");
        reserved.Observe(Seen(1, 2), At(90)).Ledger.Ask(Rollout(1, 2, generation: 2), policy, At(91))
            .Should().BeOfType<ReservationResult.UsedUp>().Which.Uses[0].NextSlot.Should().Be(At(645), "no write takes longer than 40 s");
    }

    [Fact]
    public void Everything_is_written_down_where_there_is_no_limit_too() =>
        Running(0).Charged(Rollout(0, 1), Policy(), At(0)).Entries.Should().ContainSingle().Which.State.Should().Be(EntryState.Reserved);

    [Fact]
    public void A_request_that_is_sent_again_is_charged_once_and_moved_to_the_new_generation()
    {
        var policy = Policy(PerWorkload(1, 600));
        var ledger = Running(0).Charged(Rollout(0, 1, generation: 1), policy, At(0)).Charged(Rollout(0, 1, generation: 5), policy, At(6));

        ledger.Entries.Should().ContainSingle().Which.Should().Match<LedgerEntry>(e => e.At == At(6) && e.Rollout.PreviousGeneration == 5);
    }

    [Fact]
    public void A_request_that_lost_against_another_takes_its_reservation_along()
    {
        var policy = Policy(PerWorkload(2, 600));
        var ledger = Running(0)
            .Charged(Rollout(0, 1, generation: 1), policy, At(0))
            .Charged(Rollout(0, 2, generation: 1), policy, At(0))
            .Charged(Rollout(2, 1, generation: 2), policy, At(1));

        ledger.Entries.Select(e => (e.Rollout.PreviousDigest, e.Rollout.Digest)).Should().Equal((Content(0), Content(2)), (Content(2), Content(1)));
        ledger.Observe(Seen(1, 3), At(2)).Committed.Should().HaveCount(2);
    }

    [Fact]
    public void A_call_with_an_older_version_of_the_object_takes_nothing_from_one_with_a_newer()
    {
        var ledger = Running(0).Charged(Rollout(2, 1, generation: 5), Policy(), At(0)).Charged(Rollout(0, 1, generation: 3), Policy(), At(0));

        ledger.Entries.Should().HaveCount(2, "the first may still be persisted");
    }

    [Fact]
    public void A_repetition_that_another_rollout_came_before_moves_behind_it()
    {
        // The order tells what was persisted: only what was judged later goes on from a rollout.
        var ledger = Running(0)
            .Charged(Rollout(0, 1, generation: 1), Policy(), At(0))
            .Charged(Rollout(0, 2, generation: 1), Policy(), At(0))
            .Charged(Rollout(2, 0, generation: 2), Policy(), At(1))
            .Charged(Rollout(0, 1, generation: 3), Policy(), At(2));

        ledger.Entries.Select(e => e.Rollout.Digest).Should().Equal(Content(2), Content(0), Content(1));
        ledger.Release(ledger.Entries[1], new LiveEvidence(Seen(1, 4), new HashSet<ChangeDigest>())).Should().BeSameAs(ledger);
    }

    [Fact]
    public void A_repetition_in_the_same_moment_writes_nothing()
    {
        var ledger = Running(0).Charged(Rollout(0, 1), Policy(), At(0));

        ledger.Charged(Rollout(0, 1, generation: 9), Policy(), At(5)).Should().BeSameAs(ledger, "a storm of conflicts makes dozens of these");
    }

    [Fact]
    public void The_same_content_again_after_another_rollout_is_charged_again()
    {
        var policy = Policy(PerWorkload(3, 600));
        var ledger = Running(0)
            .Charged(Rollout(0, 1, generation: 1), policy, At(0))
            .Charged(Rollout(1, 0, generation: 2), policy, At(10))
            .Charged(Rollout(0, 1, generation: 3), policy, At(20));

        ledger.Entries.Should().HaveCount(3);
        ledger.Ask(Rollout(1, 0, generation: 4), policy, At(30)).Should().BeOfType<ReservationResult.UsedUp>();
    }

    [Fact]
    public void Going_back_and_forth_a_request_that_is_sent_again_is_charged_once_too()
    {
        var there = Running(0).Charged(Rollout(0, 1, generation: 1), Policy(), At(0)).Observe(Seen(1, 2), At(0)).Ledger;
        var back = Rollout(1, 0, generation: 2);

        var ledger = there.Charged(back, Policy(), At(10)).Charged(back with { PreviousVersion = 3 }, Policy(), At(11));

        ledger.Entries.Should().HaveCount(2, "the way there began at this content, and proves nothing about the way back");
    }

    [Fact]
    public void The_same_request_is_a_new_rollout_once_the_first_was_seen()
    {
        var ledger = Running(0).Charged(Rollout(0, 1, generation: 1), Policy(), At(0)).Observe(Seen(1, 2), At(1)).Ledger;

        ledger.Charged(Rollout(0, 1, generation: 3), Policy(), At(2)).Entries.Should().HaveCount(2);
    }

    [Fact]
    public void Two_restarts_are_two_rollouts()
    {
        var first = Rollout(0, 0) with { Template = new(100) };
        var second = Rollout(0, 0, generation: 2) with { PreviousTemplate = new(100), Template = new(200) };

        Running(0).Charged(first, Policy(), At(0)).Charged(second, Policy(), At(0)).Entries.Should().HaveCount(2);
    }

    [Fact]
    public void Deleting_and_creating_again_is_charged_each_time_under_the_same_name()
    {
        var policy = Policy(PerWorkload(2, 600));
        var ledger = Running(0).Charged(Create(0, uid: "a"), policy, At(0)).Charged(Create(0, uid: "b"), policy, At(1));

        ledger.Ask(Create(0, uid: "c"), policy, At(2)).Should().BeOfType<ReservationResult.UsedUp>();
        ledger.Ask(Create(0, uid: "b"), policy, At(2)).Should().BeOfType<ReservationResult.Reserved>("it is the same create, sent again");
    }

    [Fact]
    public void A_limit_per_workload_leaves_other_workloads_alone_and_one_per_namespace_does_not()
    {
        var other = Named("checkout");
        var perWorkload = Policy(PerWorkload(1, 600));
        var perNamespace = Policy(PerNamespace(1, 600));

        Running(0).Charged(Rollout(0, 1), perWorkload, At(0)).Ask(Rollout(0, 1, other, "uid-2"), perWorkload, At(1))
            .Should().BeOfType<ReservationResult.Reserved>();
        Running(0).Charged(Rollout(0, 1), perNamespace, At(0)).Ask(Rollout(0, 1, other, "uid-2"), perNamespace, At(1))
            .Should().BeOfType<ReservationResult.UsedUp>();
    }

    [Fact]
    public void A_limit_for_ai_assisted_changes_neither_counts_nor_holds_up_others()
    {
        var policy = Policy(PerNamespace(1, 600).OfAIAssisted());
        var ledger = Running(0).Charged(Rollout(0, 1), policy, At(0)).Charged(Rollout(1, 2, generation: 2, provenance: Provenance.AIAssisted), policy, At(1));

        ledger.Ask(Rollout(2, 3, generation: 3, provenance: Provenance.AIAssisted), policy, At(2)).Should().BeOfType<ReservationResult.UsedUp>();
        ledger.Ask(Rollout(2, 3, generation: 3), policy, At(2)).Should().BeOfType<ReservationResult.Reserved>();
    }

    [Fact]
    public void A_limit_of_the_policy_is_counted_in_the_ledger_of_the_policy_alone()
    {
        var policy = Policy(PerPolicy(1, 600));
        var ledger = Running(0).Charged(Rollout(0, 1), policy, At(0)).Charged(Rollout(1, 2, generation: 2), policy, At(1));

        ledger.Reserve(Rollout(2, 3, generation: 3), [policy], isPolicyLedger: true, At(2)).Should().BeOfType<ReservationResult.UsedUp>();
    }

    [Fact]
    public void A_policy_that_does_not_list_the_kind_neither_counts_nor_holds_up()
    {
        var policy = Policy(PerNamespace(1, 600));
        var database = new WorkloadReference("shop", WorkloadKind.StatefulSet, "database");
        var ledger = Running(0).Charged(Rollout(0, 1, database, "uid-2"), policy, At(0)).Charged(Rollout(0, 1), policy, At(0));

        ledger.Ask(Rollout(1, 2, database, "uid-2"), policy, At(1)).Should().BeOfType<ReservationResult.Reserved>();
    }

    [Fact]
    public void A_lowered_limit_opens_when_enough_have_left()
    {
        var ledger = RolloutLedger.Empty;
        for (var i = 0; i < 4; i++)
        {
            ledger = ledger.Charged(Rollout(i, i + 1, generation: i), Policy(), At(i * 10));
        }

        ledger.Ask(Rollout(4, 5, generation: 9), Policy(PerWorkload(2, 600)), At(60))
            .Should().BeOfType<ReservationResult.UsedUp>().Which.Uses[0].NextSlot.Should().Be(At(20 + 605 + 40), "two of the four must still be counted");
    }

    [Fact]
    public void A_clock_that_went_back_does_not_reopen_a_window()
    {
        var policy = Policy(PerWorkload(1, 60));
        var ledger = Running(0).Charged(Rollout(0, 1), policy, At(100));

        ledger.Ask(Rollout(1, 2, generation: 2), policy, At(-1000)).Should().BeOfType<ReservationResult.UsedUp>();
        ledger.Charged(Rollout(1, 2, generation: 2), Policy(), At(-1000)).Entries[^1].At.Should().Be(At(100));
    }

    [Fact]
    public void A_full_ledger_refuses_what_counts_and_takes_a_rollback()
    {
        var ledger = Running(0) with
        {
            Entries = [.. Enumerable.Range(0, RolloutLedger.MaxEntries).Select(i => new LedgerEntry($"{i}", Rollout(i, i + 1), At(0), EntryState.Reserved))],
        };

        ledger.Ask(Rollout(7, 8, Named("other"), "uid-2"), Policy(), At(1)).Should().BeOfType<ReservationResult.Full>();
        ledger.Ask(Rollout(7, 8, Named("other"), "uid-2") with { Sort = RolloutSort.Rollback }, Policy(), At(1))
            .Should().BeOfType<ReservationResult.Reserved>();
    }

    [Fact]
    public void A_fourth_exempt_rollback_within_the_hour_is_judged_again()
    {
        var ledger = Running(0);
        for (var i = 0; i < Rollbacks.MaxExempt; i++)
        {
            ledger = ledger.Charged(Rollout(i, i + 1, generation: i) with { Sort = RolloutSort.Rollback }, Policy(), At(i));
        }

        var next = Rollout(8, 9, generation: 9) with { Sort = RolloutSort.Rollback };
        ledger.Ask(next, Policy(), At(10)).Should().BeOfType<ReservationResult.NoExemptRollbackLeft>();
        ledger.Ask(next, Policy(), At(3646)).Should().BeOfType<ReservationResult.Reserved>();
    }
}
