namespace ChangeAdmission.EndToEnd;

/// <summary>How often may be rolled out, and what counts.</summary>
public sealed class BudgetTests
{
    private static readonly Manifest Payments = A.Deployment("payments");

    [Fact]
    public async Task A_limit_admits_as_many_as_it_says_and_the_rejection_says_when_the_next_slot_opens()
    {
        var shop = await ShopAsync(A.Policy().Limiting("Workload", 3));

        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        (await Dev.Applies(Payments.WithImage("1.1.0")).In(shop).ShouldBeAdmitted()).Warnings.Should().BeEmpty();
        var last = await Dev.Applies(Payments.WithImage("1.2.0")).In(shop).ShouldBeAdmitted();
        last.Warnings.Should().ContainSingle().Which.Should().EndWith("this was the last of what per-workload allows, 3 rollouts in 10m");

        await Ledger.SettledAsync(shop);
        var rejected = await Dev.Applies(Payments.WithImage("1.3.0")).In(shop).ShouldBeRejected(with: "rate-limited");
        rejected.Message.Should().MatchRegex(@"rate-limited: per-workload allows 3 rollouts in 10m, 3 used; next slot at \d\d:\d\d:\d\dZ \(in 10m\)");
        (await shop.ImageOfAsync(Payments)).Should().Be(Payments.WithImage("1.2.0").Image);
        await Dev.Applies(A.Deployment("checkout")).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task What_rolls_nothing_out_is_not_charged_and_never_held_up()
    {
        var shop = await ShopAsync(A.Policy().Limiting("Workload", 1));
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();

        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Dev.Scales(Payments, 2).In(shop).ShouldBeAdmitted();
        await Dev.Annotates(Payments, "example.com/note", "hello").In(shop).ShouldBeAdmitted();

        (await Ledger.EntriesAsync(shop)).Should().ContainSingle();
    }

    [Fact]
    public async Task A_restart_is_charged_and_needs_no_approval()
    {
        var shop = await ShopAsync(A.Policy().With("approval.requiredFor", "All").Limiting("Workload", 2));
        await shop.LabelledAsync(WellKnown.Critical, null);
        await shop.LeftAloneAsync();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await shop.BecomesCriticalAsync();
        await shop.JudgedAsync();

        await Dev.Restarts(Payments).In(shop).ShouldBeAdmitted();
        // kubectl writes the time to the second: two restarts in one second are one.
        await Eventually.Holds("the second restart", async () => (await Dev.Restarts(Payments).In(shop)).IsAdmitted && (await Ledger.EntriesAsync(shop)).Count == 2);
        await Eventually.Holds("the third restart to be held up", async () => !(await Dev.Restarts(Payments).In(shop)).IsAdmitted);

        (await Ledger.EntriesAsync(shop)).Should().OnlyContain(e => e["sort"]!.GetValue<string>() == "Restart");
    }

    [Fact]
    public async Task Deleting_and_creating_again_is_charged_each_time()
    {
        var shop = await ShopAsync(A.Policy().Limiting("Workload", 2));
        for (var i = 0; i < 2; i++)
        {
            await Dev.Creates(Payments).In(shop).ShouldBeAdmitted();
            await Dev.Deletes(Payments).In(shop).ShouldBeAdmitted();
            await Eventually.Holds("the deletion", async () => !await shop.HasAsync(Payments));
        }

        await Dev.Creates(Payments).In(shop).ShouldBeRejected(with: "rate-limited");
    }

    [Fact]
    public async Task A_hundred_dry_runs_leave_the_ledger_as_it_is()
    {
        var shop = await ShopAsync(A.Policy().Limiting("Workload", 5));
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Ledger.SettledAsync(shop);
        await Ledger.OutcomeAsync(shop, Payments, "Succeeded");
        var before = (await Ledger.OfAsync(shop))!["metadata"]!["resourceVersion"]!.GetValue<string>();

        for (var i = 0; i < 100; i++)
        {
            var answer = await Api.Of("dev").SendAsync(
                HttpMethod.Put, Payments.PathIn(shop) + "?dryRun=All", Payments.WithImage($"2.{i}.0").ToJson());
            answer.ShouldBeOk();
        }

        (await Ledger.OfAsync(shop))!["metadata"]!["resourceVersion"]!.GetValue<string>().Should().Be(before);
    }

    [Fact]
    public async Task A_dry_run_in_a_namespace_without_a_ledger_makes_none()
    {
        // Nobody governs it until the dry run does, and then the operator makes its ledger: so look at what the dry run admits.
        var shop = await ShopAsync(A.Policy().Limiting("Workload", 1));

        await Dev.Applies(Payments).AsDryRun().In(shop).ShouldBeAdmitted();

        (await Ledger.EntriesAsync(shop)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_limit_of_the_policy_that_is_used_up_leaves_nothing_behind_in_the_namespace()
    {
        var policy = await A.Policy().Limiting("Policy", 1).StoredAsync();
        var (shop, bank) = (await Namespaces.CriticalUnderAsync(policy), await Namespaces.CriticalUnderAsync(policy));
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();

        await Dev.Applies(Payments).In(bank).ShouldBeRejected(with: "rate-limited");

        (await Ledger.EntriesAsync(bank)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_limit_for_AI_assisted_changes_leaves_others_alone()
    {
        var shop = await ShopAsync(A.Policy().With("approval.requiredFor", "None").Limiting("Namespace", 1, appliesTo: "AIAssisted"));

        await Dev.Applies(Payments.DeclaredAIAssisted()).In(shop).ShouldBeAdmitted();
        (await Dev.Applies(Payments.WithImage("1.1.0").DeclaredAIAssisted()).In(shop).ShouldBeRejected(with: "rate-limited"))
            .Message.Should().Contain("allows 1 AI-assisted rollout in 10m");
        await Dev.Applies(Payments.WithImage("1.2.0").DeclaredHuman()).In(shop).ShouldBeAdmitted();
    }

    [Theory]
    [InlineData("Warn")]
    [InlineData("Audit")]
    public async Task Under_other_enforcement_nothing_is_held_up_and_everything_is_charged(string enforcement)
    {
        var shop = await ShopAsync(A.Policy().With("enforcement", enforcement).Limiting("Workload", 1));

        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Dev.Applies(Payments.WithImage("1.1.0")).In(shop).ShouldBeAdmitted();

        (await Ledger.EntriesAsync(shop)).Should().HaveCount(2);
    }

    [Fact]
    public async Task Three_rollbacks_an_hour_pass_a_used_up_budget_and_the_fourth_is_governed()
    {
        var shop = await ShopAsync(A.Policy().Limiting("Workload", 2));
        var next = Payments.WithImage("1.1.0");
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, Payments, "Succeeded");
        await Dev.Applies(next).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, next, "Succeeded");
        await Dev.Applies(Payments.WithImage("1.2.0")).In(shop).ShouldBeRejected(with: "rate-limited");

        foreach (var target in (Manifest[])[Payments, next, Payments])
        {
            await Dev.Applies(target).In(shop).ShouldBeAdmitted();
            await Ledger.OutcomeAsync(shop, target, "Succeeded");
        }

        await Dev.Applies(next).In(shop).ShouldBeRejected(with: "rate-limited");
    }

    [Fact]
    public async Task A_rollback_needs_no_approval_and_a_policy_may_govern_it_all_the_same()
    {
        foreach (var (rollback, passes) in new[] { ("Exempt", true), ("Govern", false) })
        {
            var shop = await ShopAsync(A.Policy().With("rollback", rollback));
            var assisted = Payments.WithImage("1.1.0").DeclaredAIAssisted();
            await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
            await Ledger.OutcomeAsync(shop, Payments, "Succeeded");
            await Dev.Applies(Payments.WithImage("1.1.0")).In(shop).ShouldBeAdmitted();
            await Ledger.OutcomeAsync(shop, Payments.WithImage("1.1.0"), "Succeeded");

            var back = await Dev.Applies(Payments.DeclaredAIAssisted()).In(shop);

            back.IsAdmitted.Should().Be(passes, back.Message);
            await Dev.Applies(assisted.WithImage("1.2.0")).In(shop).ShouldBeRejected(with: "approval-missing");
        }
    }

    [Fact]
    public async Task Approvals_from_before_the_namespace_was_governed_do_not_count()
    {
        var shop = await ShopAsync(A.Policy());
        await shop.LabelledAsync(WellKnown.Critical, null);
        await shop.LeftAloneAsync();
        var assisted = Payments.WithImage("1.1.0").DeclaredAIAssisted();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Dev.WritesApproval(on: Payments, of: assisted, by: "senior").In(shop).ShouldBeAdmitted();
        await shop.BecomesCriticalAsync();
        await shop.JudgedAsync();

        var verdict = await Dev.Patches(Payments, "merge", assisted.ToJson().ToJsonString()).In(shop).ShouldBeRejected(with: "approval-invalid");

        verdict.Message.Should().Contain("stood there before the namespace was governed");
        await Senior.RemovesAnnotation(Payments, WellKnown.SeniorApproval).In(shop).ShouldBeAdmitted();
        await Eventually.Holds("the removal to be noted", async () =>
            (await Ledger.OfAsync(shop))!["status"]!["workloads"]!.AsArray().All(w => w!["unguardedApprovals"] is null));
        await Senior.WritesApproval(on: Payments, of: assisted, by: "senior").In(shop).ShouldBeAdmitted();
        await Dev.Patches(Payments, "merge", assisted.ToJson().ToJsonString()).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task The_ledger_and_the_records_are_the_controllers_alone()
    {
        var shop = await ShopAsync(A.Policy().Limiting("Workload", 1));
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();

        foreach (var user in (string[])["dev", "senior", "robot"])
        {
            (await Api.Of(user).SendAsync(HttpMethod.Get, $"apis/changeadmission.io/v1alpha1/namespaces/{shop}/rolloutbudgets/rollouts")).ShouldBeOk();
            (await Api.Of(user).DeleteAsync($"apis/changeadmission.io/v1alpha1/namespaces/{shop}/rolloutbudgets/rollouts"))
                .Status.Should().Be(System.Net.HttpStatusCode.Forbidden);
        }
    }

    private static async Task<TestNamespace> ShopAsync(Policy policy) => await Namespaces.CriticalUnderAsync(await policy.StoredAsync());
}
