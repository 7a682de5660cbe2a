using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>Every rollout leaves an account of itself, and how it ended.</summary>
public sealed class RecordTests
{
    private static readonly Manifest Payments = A.Deployment("payments");

    [Fact]
    public async Task A_record_says_who_what_approved_by_whom_and_how_it_ended()
    {
        var shop = await Namespaces.CriticalAsync();
        var assisted = Payments.WithImage("1.1.0").DeclaredAIAssisted();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, Payments, "Succeeded");
        await Senior.WritesApproval(on: Payments, of: assisted, by: "senior").In(shop).ShouldBeAdmitted();
        await Dev.Applies(assisted).In(shop).ShouldBeAdmitted();

        var spec = (await Ledger.OutcomeAsync(shop, assisted, "Succeeded"))["spec"]!;

        spec["workload"]!["name"]!.GetValue<string>().Should().Be("payments");
        spec["previousDigest"]!.GetValue<string>().Should().Be(Payments.DigestIn(shop).ToString());
        spec["requester"]!.GetValue<string>().Should().Be("dev");
        spec["provenance"]!.GetValue<string>().Should().Be("AIAssisted");
        spec["approvedBy"]!.AsArray().Select(a => (a!["name"]!.GetValue<string>(), a["carrier"]!.GetValue<string>())).Should().Equal(("senior", "Annotation"));
        spec["policies"]!.AsArray().Select(a => a!.GetValue<string>()).Should().Equal("critical");
        spec["images"]!.AsArray().Select(a => a!.GetValue<string>()).Should().Equal(assisted.Image);
        spec["admitted"]!.GetValue<bool>().Should().BeTrue();

        var table = await Dev.Runs("get", "changerecords").In(shop).ShouldBeAdmitted();
        table.Kubectl.Output.Should().MatchRegex("NAME +WORKLOAD +DIGEST +PROVENANCE +APPROVED BY +SORT +OUTCOME +AGE")
            .And.MatchRegex($"payments +{assisted.DigestIn(shop).Short} +AIAssisted +senior +Regular +Succeeded");
    }

    [Fact]
    public async Task A_rejection_and_a_dry_run_leave_none()
    {
        var shop = await Namespaces.CriticalAsync();
        await Dev.Applies(Payments.WithImage("0.9.0").DeclaredAIAssisted()).In(shop).ShouldBeRejected(with: "approval-missing");
        await Dev.Applies(Payments).AsDryRun().In(shop).ShouldBeAdmitted();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, Payments, "Succeeded");

        (await Ledger.RecordsAsync(shop)).Should().ContainSingle();
    }

    [Fact]
    public async Task A_rollout_that_is_taken_back_and_one_that_is_overtaken_end_so()
    {
        var shop = await Namespaces.CriticalAsync();
        var (bad, slow) = (Payments.WithImage("1.1.0"), Payments.WithImage("1.2.0").NeverReady());
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, Payments, "Succeeded");
        await Dev.Applies(bad).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, bad, "Succeeded");

        await Dev.Undoes(Payments).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, bad, "RolledBack");
        await Dev.Applies(slow).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, slow, "Progressing");
        await Dev.Applies(Payments.WithImage("1.3.0")).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, slow, "Superseded");
    }

    [Fact]
    public async Task A_rollout_beyond_its_deadline_has_failed_and_the_next_waits_for_the_cooldown()
    {
        var policy = await A.Policy().With("cooldown.afterFailedRollout", "15m").StoredAsync();
        var shop = await Namespaces.CriticalUnderAsync(policy);
        var broken = Payments.WithImage("1.1.0").NeverReady();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, Payments, "Succeeded");
        await Dev.Patches(Payments, "merge", """{"spec":{"progressDeadlineSeconds":2}}""").In(shop).ShouldBeAdmitted();

        await Dev.Applies(broken).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, broken, "Failed");

        var verdict = await Dev.Applies(Payments.WithImage("1.2.0")).In(shop).ShouldBeRejected(with: "cooldown");
        verdict.Message.Should().MatchRegex(@"cooldown: the last rollout of this workload failed at \d\d:\d\d:\d\dZ; the next may follow at \d\d:\d\d:\d\dZ \(in 15m\), a rollback at once");
        await Dev.Undoes(Payments).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task What_ran_before_a_namespace_was_governed_is_not_reported()
    {
        var shop = await Namespaces.OrdinaryAsync();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await shop.SettledAsync(Payments);
        await shop.BecomesCriticalAsync();
        await Ledger.AdoptedAsync(shop);
        await shop.JudgedAsync();

        await Dev.Applies(Payments.WithImage("1.1.0")).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, Payments.WithImage("1.1.0"), "Succeeded");

        (await Ledger.RecordsAsync(shop)).Should().ContainSingle().Which["spec"]!["admitted"]!.GetValue<bool>().Should().BeTrue();
    }

    [Theory]
    [InlineData("Report", false)]
    [InlineData("Pause", true)]
    public async Task What_nobody_admitted_is_reported_and_under_Pause_paused(string response, bool pauses)
    {
        var policy = await A.Policy().With("unadmittedRollout", response).StoredAsync();
        var shop = await Namespaces.CriticalUnderAsync(policy);
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, Payments, "Succeeded");
        var (past, created) = (Payments.WithImage("6.6.6"), A.Deployment("created-past-us"));

        await shop.LabelledAsync(WellKnown.Critical, null);
        await shop.LeftAloneAsync();
        await Dev.Applies(past).In(shop).ShouldBeAdmitted();
        await Dev.Applies(created).In(shop).ShouldBeAdmitted();
        await shop.BecomesCriticalAsync();

        foreach (var manifest in (Manifest[])[past, created])
        {
            var record = await Eventually.Get($"the record of {manifest.Image}", async () => (await Ledger.RecordsAsync(shop))
                .FirstOrDefault(r => r["spec"]!["digest"]!.GetValue<string>() == manifest.DigestIn(shop).ToString()));
            record["spec"]!["admitted"]!.GetValue<bool>().Should().BeFalse();
            record["spec"]!["requester"].Should().BeNull("nobody knows");
        }

        await Eventually.Holds("the Events", async () => (await Observed.EventsAsync(shop.Name)).Count(e => e["reason"]!.GetValue<string>() == "UnadmittedRollout") == 2);
        await Eventually.Holds("the pause", async () => IsPaused(await shop.ReadAsync(Payments)) == pauses);
        if (pauses)
        {
            await Dev.Applies(Payments.WithImage("1.1.0")).In(shop).ShouldBeAdmitted();
            await Eventually.Holds("the next admitted rollout to lift it", async () => !IsPaused(await shop.ReadAsync(Payments)));
        }
    }

    [Fact]
    public async Task Content_that_came_past_us_is_no_target_of_a_rollback()
    {
        var shop = await Namespaces.CriticalAsync();
        var past = Payments.WithImage("6.6.6");
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, Payments, "Succeeded");
        await shop.LabelledAsync(WellKnown.Critical, null);
        await shop.LeftAloneAsync();
        await Dev.Applies(past).In(shop).ShouldBeAdmitted();
        await shop.BecomesCriticalAsync();
        await shop.JudgedAsync();
        await Ledger.OutcomeAsync(shop, past, "Succeeded");
        await Dev.Applies(Payments.WithImage("1.1.0")).In(shop).ShouldBeAdmitted();

        await Dev.Applies(past.DeclaredAIAssisted()).In(shop).ShouldBeRejected(with: "approval-missing");
        await Dev.Applies(Payments.DeclaredAIAssisted()).In(shop).ShouldBeAdmitted();
    }

    private static bool IsPaused(JsonNode workload) => workload["spec"]!["paused"]?.GetValue<bool>() == true;
}
