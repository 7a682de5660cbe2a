using System.Net;
using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>The ways around a workload that edit rights open, and that are closed; what controllers do is not disturbed.</summary>
public sealed class BypassTests
{
    private const string Evil = "registry.example.com/evil:1";
    private static readonly Manifest Payments = A.Deployment("payments");

    [Theory]
    [InlineData("dev")]
    [InlineData("admin")]
    public async Task Nobody_changes_the_template_of_a_ReplicaSet(string who)
    {
        var shop = await ShopAsync();
        var set = await ReplicaSetAsync(shop);

        var answer = await Api.Of(who).PatchAsync(PathOf(shop, set), EvilTemplate());

        ShouldBeBypass(answer, "nothing that Kubernetes does changes the pod template of a ReplicaSet");
        answer.Message.Should().Contain($"ReplicaSet {shop}/{Name(set)} was not changed by policy \"critical\"").And.Contain("next: roll it out with the workload").And.EndWith($"requested by {who}");
        (await Observed.SamplesAsync()).Should().Contain(s => s.Name == "changeadmission_decisions_total"
            && s.Labels["namespace"] == shop.Name && s.Labels["kind"] == "ReplicaSet" && s.Labels["reason"] == "bypass");
    }

    [Fact]
    public async Task The_detour_by_an_orphan_is_closed_at_its_second_step_and_in_one_patch()
    {
        var shop = await ShopAsync();
        var set = await ReplicaSetAsync(shop);
        (await Api.Of("dev").PatchAsync(Payments.PathIn(shop), new JsonObject { ["spec"] = new JsonObject { ["paused"] = true } })).ShouldBeOk();

        var atOnce = EvilTemplate();
        atOnce["metadata"] = new JsonObject { ["ownerReferences"] = null, ["labels"] = null };
        ShouldBeBypass(await Api.Of("dev").PatchAsync(PathOf(shop, set), atOnce), "the pod template of a ReplicaSet");

        (await Api.Of("dev").PatchAsync(PathOf(shop, set), new JsonObject { ["metadata"] = new JsonObject { ["ownerReferences"] = null, ["labels"] = null } })).ShouldBeOk();
        ShouldBeBypass(await Api.Of("dev").PatchAsync(PathOf(shop, set), EvilTemplate()), "the pod template of a ReplicaSet");
    }

    [Fact]
    public async Task What_is_left_of_a_deleted_Deployment_is_not_changed_either()
    {
        var shop = await ShopAsync();
        var set = await ReplicaSetAsync(shop);
        (await Dev.Runs("delete", Payments.Reference, "--cascade=orphan").In(shop)).MustBeAdmitted();
        await Eventually.Holds("the ReplicaSet to be an orphan", async () =>
            (await Api.Of("dev").GetAsync(PathOf(shop, set)))["metadata"]!["ownerReferences"] is null);

        ShouldBeBypass(await Api.Of("dev").PatchAsync(PathOf(shop, set), EvilTemplate()), "the pod template of a ReplicaSet");
    }

    [Fact]
    public async Task A_ReplicaSet_of_other_content_is_neither_made_nor_relabelled_for_a_Deployment()
    {
        var shop = await ShopAsync();
        var deployment = await shop.ReadAsync(Payments);
        var owned = EvilReplicaSet("owned", "payments");
        owned["metadata"]!["ownerReferences"] = new JsonArray(new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "Deployment",
            ["name"] = "payments",
            ["uid"] = deployment["metadata"]!["uid"]!.GetValue<string>(),
            ["controller"] = true,
        });

        ShouldBeBypass(await Api.Of("dev").PostAsync(Sets(shop), owned), "none that Deployment");
        ShouldBeBypass(await Api.Of("dev").PostAsync(Sets(shop), EvilReplicaSet("orphan", "payments")), "would adopt it");
        (await Api.Of("dev").PostAsync(Sets(shop), EvilReplicaSet("stranger", "something-else"))).ShouldBeOk();
        var relabelled = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = "payments" } } };
        ShouldBeBypass(await Api.Of("dev").PatchAsync($"{Sets(shop)}/stranger", relabelled), "would adopt it");
    }

    [Fact]
    public async Task An_approval_is_not_planted_on_a_ReplicaSet_for_an_undo_to_bring_home()
    {
        var shop = await ShopAsync();
        var set = await ReplicaSetAsync(shop);
        var planted = new JsonObject
        {
            ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [WellKnown.SeniorApproval] = Payments.WithImage("6.6.6").ApprovalIn(shop, "senior") } },
        };

        var answer = await Api.Of("dev").PatchAsync(PathOf(shop, set), planted);

        answer.Status.Should().Be(HttpStatusCode.Forbidden);
        answer.Message.Should().Contain(" - approval-forged: a ReplicaSet carries the approvals that its Deployment carries");
    }

    [Fact]
    public async Task A_Pod_of_a_workload_keeps_its_images()
    {
        var shop = await ShopAsync();
        var pod = await PodAsync(shop);
        var evil = new JsonObject { ["spec"] = EvilContainers() };

        ShouldBeBypass(await StrategicAsync("dev", PodPath(shop, pod), evil), "are not changed in the Pod");

        // Stripped of all that binds it, it is a Pod like others; but it does not come back as what it is not.
        var stripped = new JsonObject { ["metadata"] = new JsonObject { ["ownerReferences"] = null, ["labels"] = null } };
        (await Api.Of("dev").PatchAsync(PodPath(shop, pod), stripped)).ShouldBeOk();
        (await StrategicAsync("dev", PodPath(shop, pod), evil)).ShouldBeOk();
        var labels = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = pod["metadata"]!["labels"]!.DeepClone() } };
        ShouldBeBypass(await Api.Of("dev").PatchAsync(PodPath(shop, pod), labels), "would adopt it, and it runs other images");
    }

    [Fact]
    public async Task Controllers_scale_replace_roll_out_and_undo_as_ever()
    {
        var shop = await ShopAsync();
        await Dev.Scales(Payments, 3).In(shop).ShouldBeAdmitted();
        await Eventually.Holds("three Pods", async () => (await PodsAsync(shop)).Count == 3);
        var next = Payments.WithImage("1.1.0").DeclaredAIAssisted();
        await Senior.Approves(next).In(shop).ShouldBeAdmitted();
        await Dev.SetsImage(next).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, next, "Succeeded");
        await Dev.Undoes(Payments).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, Payments, "Succeeded");

        (await Api.Of("admin").GetAsync($"api/v1/namespaces/{shop}/events"))["items"]!.AsArray()
            .Should().NotContain(e => e!["message"]!.GetValue<string>().Contains("bypass.changeadmission.io", StringComparison.Ordinal));
    }

    [Fact]
    public async Task In_namespaces_that_nobody_governs_ReplicaSets_and_Pods_are_as_free_as_ever()
    {
        var ordinary = await Namespaces.OrdinaryAsync();
        await Dev.Applies(Payments).In(ordinary).ShouldBeAdmitted();
        var set = await ReplicaSetAsync(ordinary);

        (await Api.Of("dev").PatchAsync(PathOf(ordinary, set), EvilTemplate())).ShouldBeOk();
    }

    private static async Task<TestNamespace> ShopAsync()
    {
        var shop = await Namespaces.CriticalAsync();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, Payments, "Succeeded");
        return shop;
    }

    private static void ShouldBeBypass(Answer answer, string why)
    {
        answer.Status.Should().Be(HttpStatusCode.Forbidden, "the API server answered: {0}", answer.Message);
        answer.Message.Should().Contain(" - bypass: ").And.Contain(why);
    }

    private static JsonObject EvilTemplate() => new() { ["spec"] = new JsonObject { ["template"] = new JsonObject { ["spec"] = EvilContainers() } } };

    private static JsonObject EvilContainers() => new() { ["containers"] = new JsonArray(new JsonObject { ["name"] = "app", ["image"] = Evil }) };

    private static JsonObject EvilReplicaSet(string name, string app) => new()
    {
        ["apiVersion"] = "apps/v1",
        ["kind"] = "ReplicaSet",
        ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["app"] = app } },
        ["spec"] = new JsonObject
        {
            ["replicas"] = 0,
            ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = app } },
            ["template"] = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = app } }, ["spec"] = EvilContainers() },
        },
    };

    private static string Sets(TestNamespace ns) => $"apis/apps/v1/namespaces/{ns}/replicasets";

    private static string PathOf(TestNamespace ns, JsonNode set) => $"{Sets(ns)}/{Name(set)}";

    private static string PodPath(TestNamespace ns, JsonNode pod) => $"api/v1/namespaces/{ns}/pods/{Name(pod)}";

    private static string Name(JsonNode of) => of["metadata"]!["name"]!.GetValue<string>();

    private static Task<JsonNode> ReplicaSetAsync(TestNamespace ns) => Eventually.Get("a ReplicaSet", async () =>
        (await Api.Of("dev").GetAsync(Sets(ns)))["items"]!.AsArray().FirstOrDefault());

    private static async Task<IReadOnlyList<JsonNode>> PodsAsync(TestNamespace ns) =>
        [.. (await Api.Of("dev").GetAsync($"api/v1/namespaces/{ns}/pods"))["items"]!.AsArray().Select(p => p!)];

    private static Task<JsonNode> PodAsync(TestNamespace ns) => Eventually.Get("a Pod", async () => await PodsAsync(ns) is [var first, ..] ? first : null);

    private static Task<Answer> StrategicAsync(string who, string path, JsonNode patch) =>
        Api.Of(who).SendAsync(HttpMethod.Patch, path, patch, "application/strategic-merge-patch+json");
}
