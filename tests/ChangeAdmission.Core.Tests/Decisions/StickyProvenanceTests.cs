using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Tests.Decisions;

/// <summary>Once declared AI-assisted, always AI-assisted, for that content and the images that it brought.</summary>
public sealed class StickyProvenanceTests
{
    private static readonly DateTimeOffset Then = Cluster.Noon.AddHours(-2);
    private static readonly Request Presented = A.Rollout.DeclaredAIAssisted();

    [Fact]
    public void A_rejected_change_names_the_policies_under_which_it_is_to_be_remembered()
    {
        var (known, other) = (A.Policy, A.Policy with { Name = "other", AiAssistedWhen = [new ProvenanceEvidence("example.com/by", [])] });

        new Cluster().Decide(Presented, known, other).PresentedUnder.Should().Equal("critical");
        new Cluster().Decide(A.Rollout, A.Policy with { Undeclared = UndeclaredMeaning.AIAssisted }).PresentedUnder.Should().BeEmpty("nothing was declared");
    }

    [Fact]
    public void The_same_content_without_its_mark_still_needs_approval_and_is_told_why()
    {
        foreach (var later in new[] { A.Rollout, A.Rollout.Annotated(WellKnown.AIAssisted, "false"), A.Rollout.TemplateAnnotated("touched", "yes") })
        {
            Remembering(Presented).Decide(later).ShouldBeRejected(Reason.ApprovalMissing).Detail
                .Should().Be("this content was presented as AI-assisted at 2026-03-02T10:00:00Z, which a later declaration does not change, and no senior has approved it");
        }

        Remembering(Presented).Decide(A.Rollout.ApprovedBy("senior")).ShouldBeAdmitted().Rollout!.Policies.Single().Provenance.Should().Be(Provenance.AIAssisted);
    }

    [Fact]
    public void The_same_image_with_another_variable_is_the_same_change()
    {
        var withVariable = A.Rollout.WithTemplate("""{"metadata":{},"spec":{"containers":[{"name":"p","image":"payments:2","env":[{"name":"X","value":"1"}]}]}}""");

        Remembering(Presented).Decide(withVariable).ShouldBeRejected(Reason.ApprovalMissing);
    }

    [Fact]
    public void Other_content_with_the_images_that_ran_before_is_another_change()
    {
        var variableAlone = $$$"""{"metadata":{},"spec":{"containers":[{"name":"p","image":"{{{Request.RunningImage}}}","env":[{"name":"X","value":"1"}]}]}}""";

        Remembering(Presented).Decide(A.Rollout.WithImage("payments:3")).ShouldBeAdmitted();
        Remembering(Presented).Decide(A.Rollout.WithTemplate(variableAlone)).ShouldBeAdmitted();
        Remembering(Presented).Decide(A.Rollout.Of(new("shop", WorkloadKind.Deployment, "other"))).ShouldBeAdmitted();
    }

    [Fact]
    public void It_is_forgotten_after_seven_days_and_binds_the_policies_alone_that_read_it()
    {
        (Remembering(Presented) with { Now = Then.AddDays(7).AddSeconds(-1) }).Decide(A.Rollout).IsAllowed.Should().BeFalse();
        (Remembering(Presented) with { Now = Then.AddDays(7) }).Decide(A.Rollout).ShouldBeAdmitted();
        Remembering(Presented).Decide(A.Rollout, A.Policy with { Name = "other" }).ShouldBeAdmitted();
    }

    [Fact]
    public void A_reservation_is_refused_when_its_version_of_the_ledger_knows_more_than_the_decision_did()
    {
        var decision = new Cluster().Decide(A.Rollout).ShouldBeAdmitted();

        Reserve(Remembering(Presented).Ledger, decision).Should().BeOfType<ReservationResult.PresentedMeanwhile>();
        Reserve(new Cluster().Ledger, decision).Should().BeOfType<ReservationResult.Reserved>();
    }

    [Fact]
    public void What_is_admitted_is_remembered_by_the_write_that_reserves_it()
    {
        var decision = new Cluster().Decide(Presented.ApprovedBy("senior")).ShouldBeAdmitted();

        var ledger = Reserve(new Cluster().Ledger, decision).Should().BeOfType<ReservationResult.Reserved>().Subject.Ledger;

        ledger.Presented.Should().ContainSingle().Which.Policies.Should().Equal("critical");
        ledger.PresentedAt(A.Rollout.Change.Presentation!, "critical", Cluster.Noon).Should().Be(Cluster.Noon);
    }

    [Fact]
    public void What_is_known_is_not_written_again_within_the_hour_and_the_oldest_of_two_hundred_goes()
    {
        var ledger = RolloutLedger.Empty.Remember(Presented.Change.Presentation!, ["critical"], Then);
        ledger.Remember(Presented.Change.Presentation!, ["critical"], Then.AddMinutes(59)).Should().BeSameAs(ledger);
        ledger.Remember(Presented.Change.Presentation!, ["critical"], Then.AddMinutes(60)).Presented.Single().At.Should().Be(Then.AddMinutes(60));
        ledger.Remember(Presented.Change.Presentation!, ["other"], Then).Presented.Single().Policies.Should().BeEquivalentTo("critical", "other");

        for (var i = 0; i < Presentations.MaxRemembered; i++)
        {
            ledger = ledger.Remember(A.Rollout.WithImage($"payments:{i + 10}").Change.Presentation!, ["critical"], Then.AddSeconds(i));
        }

        ledger.Presented.Should().HaveCount(Presentations.MaxRemembered);
        ledger.PresentedAt(A.Rollout.Change.Presentation!, "critical", Then).Should().BeNull("it was the first");
    }

    private static Cluster Remembering(Request presented)
    {
        var cluster = new Cluster();
        return cluster with { Ledger = cluster.Ledger.Remember(presented.Change.Presentation!, ["critical"], Then) };
    }

    private static ReservationResult Reserve(RolloutLedger ledger, Decision decision) => ledger.Reserve(
        decision.Rollout!, [A.Policy], isPolicyLedger: false, Cluster.Noon, presentation: decision.Change.Presentation, presentedUnder: decision.PresentedUnder);
}
