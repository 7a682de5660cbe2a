using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>
/// What is judged and what is left alone. The Deployment of these stories is declared AI-assisted and its present
/// content is not approved, so whatever counts as a rollout is rejected.
/// </summary>
public sealed class RolloutOrNotTests
{
    private static readonly Manifest Payments = A.Deployment("payments").DeclaredAIAssisted();
    private static readonly Manifest Next = Payments.WithImage("1.1.0");

    private const string NextContainer = """{"name":"app","image":"registry.example.com/payments:1.1.0"}""";

    [Fact]
    public async Task Kubectl_scale_is_left_alone()
    {
        var shop = await ShopAsync();

        await Dev.Scales(Payments, 4).In(shop).ShouldBeAdmitted();

        (await shop.ReadAsync(Payments))["spec"]!["replicas"]!.GetValue<int>().Should().Be(4);
    }

    [Fact]
    public async Task The_scale_subresource_as_an_autoscaler_writes_it_is_left_alone()
    {
        var shop = await ShopAsync();
        var path = $"{Payments.PathIn(shop)}/scale";

        var answer = await Eventually.Get("a write without a conflict", async () =>
        {
            var scale = await Api.Of("dev").GetAsync(path);
            scale["spec"]!["replicas"] = 7;
            var written = await Api.Of("dev").PutAsync(path, scale);
            return written.Status == System.Net.HttpStatusCode.Conflict ? null : written;
        });

        answer.ShouldBeOk();

        (await shop.ReadAsync(Payments))["spec"]!["replicas"]!.GetValue<int>().Should().Be(7);
    }

    [Theory]
    [InlineData("""{"spec":{"replicas":5}}""")]
    [InlineData("""{"spec":{"paused":true}}""")]
    [InlineData("""{"spec":{"strategy":{"rollingUpdate":{"maxSurge":3}},"minReadySeconds":5,"progressDeadlineSeconds":99}}""")]
    [InlineData("""{"spec":{"revisionHistoryLimit":3}}""")]
    [InlineData("""{"metadata":{"labels":{"team":"checkout"},"annotations":{"example.com/note":"read me"}}}""")]
    [InlineData("""{"metadata":{"finalizers":["example.com/keep"]}}""")]
    public async Task An_update_beside_the_template_is_left_alone(string patch)
    {
        var shop = await ShopAsync();
        var before = await Observed.DecisionsAsync(shop.Name);

        await Dev.Patches(Payments, "merge", patch).In(shop).ShouldBeAdmitted();

        (await Observed.DecisionsAsync(shop.Name)).Should().BeEquivalentTo(before, "nothing was decided");
    }

    [Fact]
    public async Task A_label_and_an_annotation_are_left_alone()
    {
        var shop = await ShopAsync();

        await Dev.Labels(Payments, "team", "checkout").In(shop).ShouldBeAdmitted();
        await Dev.Annotates(Payments, "example.com/note", "read me").In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task Declaring_AI_assistance_without_changing_the_template_is_no_rollout()
    {
        var shop = await Namespaces.CriticalAsync();
        var undeclared = A.Deployment("payments");
        await Dev.Applies(undeclared).In(shop).ShouldBeAdmitted();

        await Dev.Applies(undeclared.DeclaredAIAssisted()).In(shop).ShouldBeAdmitted();

        (await shop.AnnotationOfAsync(undeclared, WellKnown.AIAssisted)).Should().Be("true");
    }

    [Fact]
    public async Task Applying_the_same_manifest_again_is_left_alone()
    {
        var shop = await ShopAsync();

        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Dev.AppliesServerSide(Payments).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task Removing_a_finalizer_during_deletion_is_left_alone()
    {
        var shop = await Namespaces.OrdinaryAsync();
        var kept = Payments.WithFinalizer("example.com/keep");
        await Dev.Applies(kept).In(shop).ShouldBeAdmitted();
        await shop.BecomesCriticalAsync();
        await Dev.Deletes(kept).In(shop).ShouldBeAdmitted();
        (await shop.ReadAsync(kept))["metadata"]!["deletionTimestamp"].Should().NotBeNull();

        await Dev.Patches(kept, "merge", """{"metadata":{"finalizers":null}}""").In(shop).ShouldBeAdmitted();

        await Eventually.Holds("the Deployment to be gone", async () => !await shop.HasAsync(kept));
    }

    [Fact]
    public async Task A_status_update_is_left_alone()
    {
        var shop = await ShopAsync();
        var path = $"{Payments.PathIn(shop)}/status";

        // A patch, because the Deployment's controller writes the status too and a conflict is not the subject.
        var status = new JsonObject { ["status"] = new JsonObject { ["collisionCount"] = 3 } };
        (await Api.Of("admin").PatchAsync(path, status)).ShouldBeOk();

        (await shop.ReadAsync(Payments))["status"]!["collisionCount"]!.GetValue<int>().Should().Be(3);
    }

    [Fact]
    public async Task The_Deployments_own_controller_is_never_in_our_way()
    {
        var shop = await ShopAsync();

        // It writes its revision as an annotation on the Deployment itself.
        await Eventually.Holds("the revision", async () =>
            await shop.AnnotationOfAsync(Payments, "deployment.kubernetes.io/revision") == "1");
    }

    [Fact]
    public async Task A_restart_of_what_runs_already_needs_no_approval()
    {
        var shop = await ShopAsync();

        await Dev.Restarts(Payments).In(shop).ShouldBeAdmitted();

        (await shop.ReadAsync(Payments))["spec"]!["template"]!["metadata"]!["annotations"]!
            ["kubectl.kubernetes.io/restartedAt"].Should().NotBeNull();
    }

    [Fact]
    public async Task A_restart_mark_that_is_no_time_is_a_change_like_any_other()
    {
        var shop = await ShopAsync();

        await Dev.Patches(
            Payments,
            "merge",
            """{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"--evil-flag"}}}}}""")
            .In(shop).ShouldBeRejected(with: "approval-missing");
    }

    [Fact]
    public async Task Server_side_apply_is_judged() => await IsJudged(Dev.AppliesServerSide(Next));

    [Fact]
    public async Task Client_side_apply_is_judged() => await IsJudged(Dev.Applies(Next));

    [Fact]
    public async Task A_strategic_merge_patch_is_judged() =>
        await IsJudged(Dev.Patches(Payments, "strategic", Template($"[{NextContainer}]")));

    [Fact]
    public async Task A_merge_patch_is_judged() => await IsJudged(Dev.Patches(Payments, "merge", Template($"[{NextContainer}]")));

    [Fact]
    public async Task A_JSON_patch_is_judged() => await IsJudged(Dev.Patches(
        Payments,
        "json",
        """[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"registry.example.com/payments:1.1.0"}]"""));

    [Fact]
    public async Task Kubectl_set_image_is_judged() => await IsJudged(Dev.SetsImage(Next));

    [Fact]
    public async Task Kubectl_set_env_is_judged() => await IsJudged(Dev.Runs("set", "env", Payments.Reference, "DEBUG=1"));

    [Fact]
    public async Task A_PUT_is_judged() => await IsJudged(Dev.Replaces(Next));

    [Fact]
    public async Task Kubectl_edit_is_judged() => await IsJudged(Dev.Edits(Payments, "1.0.0", by: "1.1.0"));

    [Fact]
    public async Task Rollout_undo_is_judged()
    {
        var shop = await Namespaces.OrdinaryAsync();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await shop.SettledAsync(Payments);
        await Dev.Applies(Next.DeclaredHuman()).In(shop).ShouldBeAdmitted();
        await shop.SettledAsync(Payments);
        await shop.BecomesCriticalAsync();

        // The old ReplicaSet brings back its annotations, the declaration among them.
        await Dev.Undoes(Payments).In(shop).ShouldBeRejected(with: "approval-missing");

        (await shop.ImageOfAsync(Payments)).Should().Be(Next.Image);
    }

    [Fact]
    public async Task Rollout_undo_to_a_human_change_is_admitted()
    {
        var shop = await Namespaces.CriticalAsync();
        var first = Payments.DeclaredHuman();
        await Dev.Applies(first).In(shop).ShouldBeAdmitted();
        await shop.SettledAsync(first);
        await Dev.Applies(Next.DeclaredHuman()).In(shop).ShouldBeAdmitted();
        await shop.SettledAsync(first);

        await Dev.Undoes(first).In(shop).ShouldBeAdmitted();

        (await shop.ImageOfAsync(first)).Should().Be(first.Image);
    }

    [Fact]
    public async Task Deleting_is_left_alone()
    {
        var shop = await ShopAsync();

        await Dev.Deletes(Payments).In(shop).ShouldBeAdmitted();
    }

    // Rejected in the critical namespace; the same command goes through where nobody looks, so it was us who said no.
    private static async Task IsJudged(Command rollout)
    {
        var shop = await ShopAsync();
        await rollout.In(shop).ShouldBeRejected(with: "approval-missing");
        (await shop.ImageOfAsync(Payments)).Should().Be(Payments.Image);

        var playground = await Namespaces.OrdinaryAsync();
        await Dev.Applies(Payments).In(playground).ShouldBeAdmitted();
        await rollout.In(playground).ShouldBeAdmitted();
    }

    private static async Task<TestNamespace> ShopAsync()
    {
        var shop = await Namespaces.OrdinaryAsync();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        return await shop.BecomesCriticalAsync();
    }

    private static string Template(string containers) =>
        $$"""{"spec": {"template": {"spec": {"containers": {{containers}} } } } }""";
}
