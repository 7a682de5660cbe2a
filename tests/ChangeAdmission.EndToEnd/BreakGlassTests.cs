using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>In an emergency somebody who may passes every rule, once, and everybody learns of it.</summary>
public sealed class BreakGlassTests
{
    private const string Reason = "payments are down, INC-4711";
    private static readonly Manifest Payments = A.Deployment("payments");
    private static readonly Manifest Next = Payments.WithImage("1.1.0").DeclaredAIAssisted();

    [Fact]
    public async Task A_holder_passes_once_and_the_reason_that_stays_opens_nothing_more()
    {
        var shop = await ShopAsync();
        var urgent = Next.Annotated(WellKnown.BreakGlass, Reason);
        var before = await CountedAsync(shop);

        var verdict = await Admin.Applies(urgent).In(shop).ShouldBeAdmitted();

        verdict.Warnings.Should().Contain(w => w.Contains("passes every rule", StringComparison.Ordinal));
        var record = await Ledger.OutcomeAsync(shop, Next, "Succeeded");
        record["spec"]!["sort"]!.GetValue<string>().Should().Be("BreakGlass");
        record["spec"]!["breakGlassReason"]!.GetValue<string>().Should().Be(Reason);
        await Eventually.Holds("the Event", async () => (await Api.Of("admin").GetAsync($"api/v1/namespaces/{shop}/events"))["items"]!.AsArray()
            .Any(e => e!["reason"]!.GetValue<string>() == "BreakGlassUsed" && e["type"]!.GetValue<string>() == "Warning"
                && e["message"]!.GetValue<string>().Contains(Reason, StringComparison.Ordinal)));
        (await CountedAsync(shop)).Should().Be(before + 1);

        (await Admin.Applies(urgent.WithImage("1.2.0")).In(shop).ShouldBeRejected(with: ["approval-missing", "rate-limited"]))
            .Message.Should().Contain("break-glass did not count: its reason stood there before this request");
        await Dev.Applies(Payments.WithImage("1.3.0")).In(shop).ShouldBeRejected(with: "rate-limited");
    }

    [Fact]
    public async Task Without_the_verb_it_opens_nothing()
    {
        var shop = await ShopAsync();
        var urgent = Next.Annotated(WellKnown.BreakGlass, Reason);

        (await Dev.Applies(urgent).In(shop).ShouldBeRejected(with: ["approval-missing", "rate-limited"])).Message
            .Should().Contain("break-glass did not count: \"dev\" lacks the verb breakglass on changepolicies.changeadmission.io/");
    }

    [Fact]
    public async Task A_robot_that_may_do_everything_passes_nothing()
    {
        var shop = await ShopAsync();
        var robot = Admin.As("system:serviceaccount:argo:argo", "system:masters");

        (await robot.Applies(Next.Annotated(WellKnown.BreakGlass, Reason)).In(shop).ShouldBeRejected(with: ["approval-missing", "rate-limited"])).Message
            .Should().Contain("only people break the glass");
    }

    [Fact]
    public async Task What_came_by_it_is_no_target_of_a_rollback()
    {
        var shop = await ShopAsync();
        await Admin.Applies(Next.Annotated(WellKnown.BreakGlass, Reason)).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, Next, "Succeeded");
        await Dev.Undoes(Payments).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, Payments, "Succeeded");

        await Dev.Applies(Next).In(shop).ShouldBeRejected(with: ["approval-missing", "rate-limited"]);
    }

    [Fact]
    public async Task It_passes_a_ledger_that_is_damaged_which_nothing_else_does_until_it_is_deleted()
    {
        var shop = await ShopAsync();
        var damaged = (await Ledger.OfAsync(shop))!;
        damaged["status"]!["entries"]![0]!["digest"] = "no digest";
        (await Api.Of("admin").PutAsync($"apis/changeadmission.io/v1alpha1/namespaces/{shop}/rolloutbudgets/rollouts/status", damaged)).ShouldBeOk();

        (await Dev.Applies(Payments.WithImage("1.2.0")).In(shop).ShouldBeRejected(with: "unavailable")).Message.Should().Contain("is damaged");
        await Admin.Applies(Next.Annotated(WellKnown.BreakGlass, Reason)).In(shop).ShouldBeAdmitted();

        (await Api.Of("admin").DeleteAsync($"apis/changeadmission.io/v1alpha1/namespaces/{shop}/rolloutbudgets/rollouts")).ShouldBeOk();
        await Eventually.Holds("a new ledger", async () => (await Dev.Applies(Payments.WithImage("1.2.0")).In(shop)).IsAdmitted);
    }

    // One rollout an hour, which is used up.
    private static async Task<TestNamespace> ShopAsync()
    {
        var shop = await Namespaces.CriticalUnderAsync(await A.Policy().Limiting("Workload", 1, "1h").StoredAsync());
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, Payments, "Succeeded");
        return shop;
    }

    private static async Task<double> CountedAsync(TestNamespace shop) => (await Observed.SamplesAsync())
        .Where(s => s.Name == "changeadmission_break_glass_total" && s.Labels["namespace"] == shop.Name).Sum(s => s.Value);
}
