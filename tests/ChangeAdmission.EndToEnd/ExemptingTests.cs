using System.Net;
using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>A namespace leaves a policy's reach only by somebody who may take it out.</summary>
public sealed class ExemptingTests
{
    [Theory]
    [InlineData("")]
    [InlineData("/status")]
    [InlineData("/finalize")]
    public async Task Taking_the_label_away_needs_the_verb_by_whichever_way(string subresource)
    {
        var shop = await Namespaces.CriticalAsync();
        var body = await Api.Of("admin").GetAsync(shop.Path);
        body["metadata"]!["labels"]!.AsObject().Remove(WellKnown.Critical);

        // May write namespaces in every way, as far as the API server is concerned.
        var writer = await WriterAsync();
        var verdict = await Admin.As("frank", writer).Puts(shop.Path + subresource, body).In(shop);

        verdict.Kubectl.ExitCode.Should().NotBe(0);
        verdict.Kubectl.Error.Should().Contain(" - exempting: this takes the namespace out of the reach of policy \"critical\"")
            .And.Contain("the verb exempt on changepolicies.changeadmission.io/critical is missing");
        await shop.JudgedAsync();
    }

    [Fact]
    public async Task A_holder_takes_it_out_and_a_robot_that_may_do_everything_does_not()
    {
        var shop = await Namespaces.CriticalAsync();

        var robot = await Admin.As("system:serviceaccount:argo:argo", "system:masters").Runs("label", "namespace", shop.Name, $"{WellKnown.Critical}-").In(shop);
        robot.Kubectl.Error.Should().Contain("only people exempt");

        (await Admin.Runs("label", "namespace", shop.Name, $"{WellKnown.Critical}-").In(shop)).MustBeAdmitted();
        await shop.LeftAloneAsync();
    }

    [Fact]
    public async Task So_does_a_change_of_the_labels_by_which_a_policy_selects()
    {
        var (strict, lenient) = (await A.Policy().StoredAsync(), await A.Policy().With("enforcement", "Audit").StoredAsync());
        var shop = await Namespaces.CriticalUnderAsync(strict);

        var answer = await Api.Of("dev").PatchAsync(shop.Path, Labelled(Stack.OwnPolicyLabel, lenient.Team));

        answer.Status.Should().Be(HttpStatusCode.Forbidden);
        answer.Message.Should().Contain($"Namespace {shop} was not changed by policy \"{strict.Name}\"").And.EndWith("requested by dev");
        (await Api.Of("dev").PatchAsync(shop.Path, Labelled("example.com/note", "free"))).ShouldBeOk();
    }

    [Fact]
    public async Task A_policy_that_only_warns_is_not_left_freely_either()
    {
        var shop = await Namespaces.CriticalUnderAsync(await A.Policy().With("enforcement", "Warn").StoredAsync());

        (await Api.Of("dev").PatchAsync(shop.Path, Labelled(WellKnown.Critical, null))).Message.Should().Contain(" - exempting: ");
    }

    [Fact]
    public async Task A_freeze_is_not_escaped_by_a_label()
    {
        var shop = await Namespaces.CriticalAsync();
        await shop.LabelledAsync("example.com/frozen", "yes");
        var freeze = new JsonObject
        {
            ["apiVersion"] = "changeadmission.io/v1alpha1",
            ["kind"] = "ChangeFreeze",
            ["metadata"] = new JsonObject { ["name"] = $"freeze-{Guid.NewGuid():n}"[..20] },
            ["spec"] = JsonNode.Parse("""{"reason":"incident","from":"2020-01-01T00:00:00Z","namespaceSelector":{"matchLabels":{"example.com/frozen":"yes"}}}"""),
        };
        (await Api.Of("admin").PostAsync("apis/changeadmission.io/v1alpha1/changefreezes", freeze)).ShouldBeOk();

        (await Api.Of("dev").PatchAsync(shop.Path, Labelled("example.com/frozen", null))).Message.Should().Contain("out of the reach of freeze ");
        (await Api.Of("admin").PatchAsync(shop.Path, Labelled("example.com/frozen", null))).ShouldBeOk();
    }

    [Fact]
    public async Task Deleting_a_namespace_is_not_exempting_it()
    {
        var shop = await Namespaces.CriticalAsync();

        (await Api.Of("admin").DeleteAsync(shop.Path)).ShouldBeOk();

        await Eventually.Holds("it to be gone", async () => (await Api.Of("admin").SendAsync(HttpMethod.Get, shop.Path)).Status == HttpStatusCode.NotFound, seconds: 60);
    }

    private static JsonObject Labelled(string key, string? value) =>
        new() { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [key] = value } } };

    private static async Task<string> WriterAsync()
    {
        const string Rbac = "apis/rbac.authorization.k8s.io/v1";
        var name = $"namespacers-{Guid.NewGuid():n}"[..20];
        (await Api.Of("admin").PostAsync($"{Rbac}/clusterroles", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name },
            ["rules"] = new JsonArray(new JsonObject
            {
                ["apiGroups"] = new JsonArray(""),
                ["resources"] = new JsonArray("namespaces", "namespaces/status", "namespaces/finalize"),
                ["verbs"] = new JsonArray("*"),
            }),
        })).ShouldBeOk();
        (await Api.Of("admin").PostAsync($"{Rbac}/clusterrolebindings", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name },
            ["roleRef"] = new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "ClusterRole", ["name"] = name },
            ["subjects"] = new JsonArray(new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "Group", ["name"] = name }),
        })).ShouldBeOk();
        return name;
    }
}
