using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>What a ChangePolicy can say, and how fast and how strictly it is kept.</summary>
public sealed class PolicyTests
{
    /// <summary>The contract says 1 s on every replica; the rest is for the polling and a machine under load.</summary>
    private static readonly TimeSpan InForce = TimeSpan.FromSeconds(2);

    private static readonly Manifest Payments = A.Deployment("payments");
    private static readonly Manifest AI = Payments.DeclaredAIAssisted();

    [Fact]
    public async Task A_policy_says_where_it_is_in_force_and_where_it_only_seems_to_be()
    {
        var policy = await A.Policy().StoredAsync();
        await Namespaces.CriticalUnderAsync(policy);
        var status = await StatusAsync(policy, s => s["namespaces"]!.GetValue<int>() == 1);
        Condition(status, "Valid")["status"]!.GetValue<string>().Should().Be("True");
        Condition(status, "Covered")["status"]!.GetValue<string>().Should().Be("True");
        var since = Condition(status, "Valid")["lastTransitionTime"]!.GetValue<DateTimeOffset>();

        var ordinary = await Namespaces.CreateAsync((Stack.OwnPolicyLabel, policy.Team));

        status = await StatusAsync(policy, s => Condition(s, "Covered")["status"]!.GetValue<string>() == "False");
        Condition(status, "Covered")["reason"]!.GetValue<string>().Should().Be("NotCovered");
        Condition(status, "Covered")["message"]!.GetValue<string>().Should().EndWith($"nothing is enforced there: {ordinary}");
        Condition(status, "Valid")["lastTransitionTime"]!.GetValue<DateTimeOffset>().Should().Be(since);

        await ordinary.BecomesCriticalAsync();

        await StatusAsync(policy, s => Condition(s, "Covered")["status"]!.GetValue<string>() == "True" && s["namespaces"]!.GetValue<int>() == 2);
    }

    [Fact]
    public async Task Undeclared_changes_count_as_human_by_default()
    {
        var shop = await ShopAsync(A.Policy());

        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Dev.Applies(AI.WithImage("1.1.0")).In(shop).ShouldBeRejected(with: "approval-missing");
    }

    [Fact]
    public async Task Undeclared_changes_count_as_AI_assisted_where_the_policy_says_so()
    {
        var shop = await ShopAsync(A.Policy().With("provenance.undeclared", "AIAssisted"));

        var verdict = await Dev.Applies(Payments).In(shop).ShouldBeRejected(with: "approval-missing");
        verdict.Message.Should().Contain("this change declares nothing, which counts as AI-assisted here");
        await Dev.Applies(Payments.DeclaredHuman()).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task Undeclared_changes_are_rejected_where_the_policy_says_so()
    {
        var shop = await ShopAsync(A.Policy().With("provenance.undeclared", "Reject"));

        var verdict = await Dev.Applies(Payments).In(shop).ShouldBeRejected(with: "undeclared");
        verdict.Message.Should().Contain("next: set the annotation changeadmission.io/ai-assisted to \"true\" or \"false\"");
        await Dev.Applies(AI).In(shop).ShouldBeRejected(with: "approval-missing");
        await Dev.Applies(Payments.WithImage("1.1.0").DeclaredHuman()).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task Warn_admits_and_kubectl_shows_a_warning()
    {
        var shop = await ShopAsync(A.Policy().With("enforcement", "Warn"));

        var verdict = await Dev.Applies(AI).In(shop).ShouldBeAdmitted();

        verdict.Warnings.Should().ContainSingle(w => w.Contains("would reject: approval-missing: ", StringComparison.Ordinal))
            .Which.Length.Should().BeLessThan(240);
        (await shop.HasAsync(AI)).Should().BeTrue();
    }

    [Fact]
    public async Task Audit_admits_without_a_word_and_counts()
    {
        var shop = await ShopAsync(A.Policy().With("enforcement", "Audit"));

        var verdict = await Dev.Applies(AI).In(shop).ShouldBeAdmitted();

        verdict.Warnings.Should().NotContain(w => w.Contains("policy", StringComparison.Ordinal));
        (await shop.HasAsync(AI)).Should().BeTrue();
        var counted = await Eventually.Get("the count", async () => (await Observed.DecisionsAsync(shop.Name)).SingleOrDefault());
        counted.Labels["decision"].Should().Be("audited");
        counted.Labels["reason"].Should().Be("approval-missing");
    }

    [Theory]
    [InlineData("Warn")]
    [InlineData("Audit")]
    public async Task A_forged_approval_is_rejected_under_every_enforcement(string enforcement)
    {
        var shop = await ShopAsync(A.Policy().With("enforcement", enforcement));
        await Dev.Applies(AI).In(shop).ShouldBeAdmitted();

        await Dev.WritesApproval(on: AI, of: AI.WithImage("1.1.0"), by: "senior").In(shop).ShouldBeRejected(with: "approval-forged");
    }

    [Fact]
    public async Task A_policy_may_want_approval_of_human_changes_too()
    {
        var shop = await ShopAsync(A.Policy().With("approval.requiredFor", "All"));

        await Dev.Applies(Payments.DeclaredHuman()).In(shop).ShouldBeRejected(with: "approval-missing");
    }

    [Fact]
    public async Task A_policy_may_want_no_approval_at_all()
    {
        var shop = await ShopAsync(A.Policy().With("approval.requiredFor", "None"));

        await Dev.Applies(AI).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task The_marks_of_other_tools_count_where_the_policy_names_them()
    {
        var evidence = new JsonArray(new JsonObject
        {
            ["annotation"] = "example.com/generated-by",
            ["values"] = new JsonArray("copilot", "claude-code"),
        });
        var shop = await ShopAsync(A.Policy().With("provenance.aiAssistedWhen", evidence));

        await Dev.Applies(Payments.Annotated("example.com/generated-by", "copilot")).In(shop).ShouldBeRejected(with: "approval-missing");
        await Dev.Applies(AI).In(shop).ShouldBeRejected(with: "approval-missing");
        await Dev.Applies(Payments.WithImage("1.1.0").Annotated("example.com/generated-by", "hand")).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task Of_several_policies_every_one_must_admit_and_the_message_names_all_that_do_not()
    {
        var declared = await A.Policy().With("provenance.undeclared", "Reject").StoredAsync();
        var everything = await A.Policy().ForTheTeamOf(declared).With("approval.requiredFor", "All").StoredAsync();
        var content = await A.Policy().ForTheTeamOf(declared).With("approval.requiredFor", "None").StoredAsync();
        var shop = await Namespaces.CriticalUnderAsync(declared);

        var both = await Dev.Applies(Payments).In(shop);
        both.Reasons.Should().BeEquivalentTo("undeclared", "approval-missing");
        both.Message.Should().Contain($"policy \"{declared.Name}\"").And.Contain($"policy \"{everything.Name}\"")
            .And.NotContain(content.Name);

        var one = await Dev.Applies(Payments.DeclaredHuman()).In(shop).ShouldBeRejected(with: "approval-missing");
        one.Message.Should().Contain($"policy \"{everything.Name}\"").And.NotContain(declared.Name);
    }

    [Fact]
    public async Task StatefulSets_and_DaemonSets_are_governed_when_a_policy_lists_them()
    {
        var shop = await ShopAsync(A.Policy().With("workloads", new JsonArray("StatefulSet", "DaemonSet")));
        foreach (var workload in (Manifest[])[A.StatefulSet("database"), A.DaemonSet("agent")])
        {
            await Dev.Applies(workload.DeclaredAIAssisted()).In(shop).ShouldBeRejected(with: "approval-missing");
            await Dev.Applies(workload.WithImage("0.9.0")).In(shop).ShouldBeAdmitted();
            var next = workload.WithImage("1.1.0").DeclaredAIAssisted();
            await Dev.Applies(next).In(shop).ShouldBeRejected(with: "approval-missing");
            await Senior.Approves(next).In(shop).ShouldBeAdmitted();
            await Dev.Applies(next).In(shop).ShouldBeAdmitted();
        }

        await Dev.Applies(AI).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task StatefulSets_and_DaemonSets_are_left_alone_by_default()
    {
        var shop = await Namespaces.CriticalAsync();

        await Dev.Applies(A.StatefulSet("database").DeclaredAIAssisted()).In(shop).ShouldBeAdmitted();
        await Dev.Applies(A.DaemonSet("agent").DeclaredAIAssisted()).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task Approving_needs_the_right_under_every_policy_that_selects_the_namespace()
    {
        var ours = await A.Policy().StoredAsync();
        var theirs = await A.Policy().ForTheTeamOf(ours).StoredAsync();
        var shop = await Namespaces.CriticalUnderAsync(ours);
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        var half = Admin.As("kim", "half-a-right");
        await MayApproveAsync(ours.Name, "half-a-right");

        // kim may annotate workloads, and approve under one of the two policies.
        var verdict = await half.Approves(AI.WithImage("1.1.0")).In(shop).ShouldBeRejected(with: "approval-forged");

        verdict.Message.Should().Contain($"changepolicies.changeadmission.io/{theirs.Name} is missing").And.NotContain(ours.Name);
    }

    [Fact]
    public async Task A_critical_namespace_without_a_policy_admits_and_counts()
    {
        var shop = await Namespaces.CriticalUnderAsync(A.Policy()); // which nobody stored

        await Dev.Applies(AI).In(shop).ShouldBeAdmitted();

        var counted = await Eventually.Get("the count", async () => (await Observed.DecisionsAsync(shop.Name)).SingleOrDefault());
        counted.Labels["policy"].Should().Be("none");
    }

    [Fact]
    public async Task A_new_policy_is_in_force_within_two_seconds()
    {
        var policy = A.Policy();
        var shop = await Namespaces.CriticalUnderAsync(policy);
        (await IsRejectedAsync(shop)).Should().BeFalse();

        await policy.StoredAsync();

        await ShouldBeInForceAsync("a new policy", () => IsRejectedAsync(shop));
    }

    [Fact]
    public async Task A_changed_policy_is_in_force_within_two_seconds()
    {
        var policy = A.Policy();
        var shop = await ShopAsync(policy);
        (await IsRejectedAsync(shop)).Should().BeTrue();

        (await Api.Of("admin").PatchAsync($"{Policy.Collection}/{policy.Name}", policy.With("enforcement", "Audit").ToJson())).ShouldBeOk();

        await ShouldBeInForceAsync("a changed policy", async () => !await IsRejectedAsync(shop));
    }

    [Fact]
    public async Task A_deleted_policy_is_out_of_force_within_two_seconds()
    {
        var policy = A.Policy();
        var shop = await ShopAsync(policy);
        (await IsRejectedAsync(shop)).Should().BeTrue();

        await policy.DeletedAsync();

        await ShouldBeInForceAsync("the deletion of a policy", async () => !await IsRejectedAsync(shop));
    }

    [Fact]
    public async Task The_critical_label_is_in_force_within_two_seconds()
    {
        var shop = await Namespaces.OrdinaryAsync();
        (await IsRejectedAsync(shop)).Should().BeFalse();

        await shop.BecomesCriticalAsync();
        await ShouldBeInForceAsync("the critical label", () => IsRejectedAsync(shop));

        await shop.LabelledAsync(WellKnown.Critical, null);
        await ShouldBeInForceAsync("the removal of the critical label", async () => !await IsRejectedAsync(shop));
    }

    [Fact]
    public async Task A_label_that_a_policy_selects_by_is_in_force_within_two_seconds()
    {
        var lenient = await A.Policy().With("enforcement", "Audit").StoredAsync();
        var shop = await Namespaces.CriticalAsync();
        (await IsRejectedAsync(shop)).Should().BeTrue();

        await shop.LabelledAsync(Stack.OwnPolicyLabel, lenient.Team);

        await ShouldBeInForceAsync("a label that policies select by", async () => !await IsRejectedAsync(shop));
    }

    private static async Task ShouldBeInForceAsync(string what, Func<Task<bool>> ask)
    {
        var took = await Eventually.Holds($"{what} to be in force", ask);
        Stack.Note($"{what} was in force after {took.TotalMilliseconds:0} ms");
        took.Should().BeLessThan(InForce);
    }

    // A dry run, so that asking changes nothing.
    private static async Task<bool> IsRejectedAsync(TestNamespace ns)
    {
        var answer = await Api.Of("dev").PostAsync($"{AI.CollectionIn(ns)}?dryRun=All", AI.ToJson());
        return answer.Status == System.Net.HttpStatusCode.Forbidden && answer.Message.Contains("approval-missing", StringComparison.Ordinal);
    }

    private static async Task MayApproveAsync(string policy, string group)
    {
        var role = $"approver-of-{policy}";
        await Admin.Runs("create", "clusterrole", role, "--verb=approve", "--resource=changepolicies.changeadmission.io", $"--resource-name={policy}")
            .InTheCluster().ShouldBeAdmitted();
        await Admin.Runs("create", "clusterrolebinding", role, $"--clusterrole={role}", $"--group={group}").InTheCluster().ShouldBeAdmitted();
        await Admin.Runs("create", "clusterrolebinding", $"{role}-edit", "--clusterrole=edit", $"--group={group}")
            .InTheCluster().ShouldBeAdmitted();
    }

    private static async Task<TestNamespace> ShopAsync(Policy policy) => await Namespaces.CriticalUnderAsync(await policy.StoredAsync());

    private static Task<JsonNode> StatusAsync(Policy policy, Func<JsonNode, bool> holds) => Eventually.Get($"the status of {policy.Name}", async () =>
        (await Api.Of("dev").GetAsync($"{Policy.Collection}/{policy.Name}"))["status"] is { } status && holds(status) ? status : null);

    private static JsonNode Condition(JsonNode status, string type) => status["conditions"]!.AsArray().Single(c => c!["type"]!.GetValue<string>() == type)!;
}
