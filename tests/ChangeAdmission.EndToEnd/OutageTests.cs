using System.Diagnostics;
using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>
/// The controller is dead, by SIGKILL: critical namespaces fail closed and nobody else notices. The last tests of all; each
/// brings it back.
/// </summary>
[Collection(Disruption.Name)]
public sealed class OutageTests : IAsyncLifetime
{
    private static readonly TimeSpan BackInTime = TimeSpan.FromSeconds(10);
    private static readonly Manifest Payments = A.Deployment("payments");
    private static readonly Manifest Next = Payments.WithImage("1.1.0");

    private TestNamespace _shop = null!;
    private TestNamespace _playground = null!;

    public async Task InitializeAsync()
    {
        await Stack.StartControllerAsync();
        _shop = await Namespaces.CriticalAsync();
        _playground = await Namespaces.OrdinaryAsync();
        await Dev.Applies(Payments).In(_shop).ShouldBeAdmitted();
        await Dev.Applies(Payments).In(_playground).ShouldBeAdmitted();
        await _shop.SettledAsync(Payments);
        await _playground.SettledAsync(Payments);
        await Stack.KillControllerAsync();
    }

    public Task DisposeAsync() => Stack.StartControllerAsync();

    [Fact]
    public async Task Without_the_controller_rollouts_in_critical_namespaces_are_rejected()
    {
        foreach (var change in (Manifest[])[Next, Next.DeclaredHuman(), Next.DeclaredAIAssisted()])
        {
            ShouldFailClosed(await Dev.Applies(change).In(_shop));
        }

        ShouldFailClosed(await Dev.Creates(A.Deployment("another")).In(_shop));
        (await _shop.ImageOfAsync(Payments)).Should().Be(Payments.Image);
    }

    [Fact]
    public async Task Without_the_controller_other_namespaces_are_untouched()
    {
        await Dev.Applies(Next.DeclaredAIAssisted()).In(_playground).ShouldBeAdmitted();
        await Dev.Creates(A.Deployment("another")).In(_playground).ShouldBeAdmitted();
        await Dev.Deletes(Payments).In(_playground).ShouldBeAdmitted();

        // And the cluster goes on there: the Deployment's controller makes its ReplicaSet.
        await _playground.SettledAsync(A.Deployment("another"));
    }

    [Fact]
    public async Task Without_the_controller_scaling_in_critical_namespaces_goes_on()
    {
        await Dev.Scales(Payments, 3).In(_shop).ShouldBeAdmitted();

        // To the very pods: nothing on the way is ours.
        await Eventually.Holds("three ready pods", async () =>
            (await _shop.ReadAsync(Payments))["status"]!["readyReplicas"]?.GetValue<int>() == 3);
    }

    [Fact]
    public async Task Without_the_controller_pods_in_critical_namespaces_are_replaced()
    {
        var pods = $"api/v1/namespaces/{_shop}/pods";
        var pod = await Eventually.Get("a pod", async () => (await Api.Of("dev").GetAsync(pods))["items"]!.AsArray().FirstOrDefault());
        var uid = Uid(pod);

        (await Api.Of("dev").DeleteAsync($"{pods}/{pod["metadata"]!["name"]}")).ShouldBeOk();

        await Eventually.Holds("another pod", async () =>
            (await Api.Of("dev").GetAsync(pods))["items"]!.AsArray().Any(p => Uid(p!) != uid && p!["status"]!["phase"]?.GetValue<string>() == "Running"));
    }

    [Fact]
    public async Task Without_the_controller_workloads_in_critical_namespaces_can_be_deleted() =>
        await Dev.Deletes(Payments).In(_shop).ShouldBeAdmitted();

    [Fact]
    public async Task Without_the_controller_no_namespace_leaves_its_policies_and_others_are_as_free_as_ever()
    {
        var (relabelled, ordinary) = (new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [WellKnown.Critical] = null } } }, await Namespaces.OrdinaryAsync());

        var answer = await Api.Of("admin").PatchAsync(_shop.Path, relabelled);

        answer.Status.Should().Be(System.Net.HttpStatusCode.InternalServerError);
        answer.Message.Should().Contain("namespaces.changeadmission.io");
        await ordinary.LabelledAsync("team", "a");
    }

    [Fact]
    public async Task Started_again_it_works_within_ten_seconds()
    {
        ShouldFailClosed(await Dev.Applies(Next).In(_shop));
        var watch = Stopwatch.StartNew();
        var starting = Stack.StartControllerAsync();

        await Eventually.Holds("the first decision", async () =>
            (await TryAsync(Next.DeclaredAIAssisted())).Message.Contains(" - approval-missing: ", StringComparison.Ordinal));

        var took = watch.Elapsed;
        await starting;
        Stack.Note($"killed and started again, the first decision came after {took.TotalMilliseconds:0} ms");
        took.Should().BeLessThan(BackInTime);
        await Dev.Applies(Next.DeclaredAIAssisted()).In(_shop).ShouldBeRejected(with: "approval-missing");
        await Dev.Applies(Next.WithImage("1.2.0").DeclaredHuman()).In(_shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task Policies_that_were_changed_meanwhile_are_in_force_when_it_is_back()
    {
        // The policies' own webhook fails closed too, so only a deletion is possible meanwhile.
        var answer = await Api.Of("admin").PostAsync(Policy.Collection, A.Policy().ToJson());
        ((int)answer.Status).Should().BeInRange(400, 599);
        var everything = A.Policy().With("approval.requiredFor", "All");
        await Stack.StartControllerAsync();
        await everything.StoredAsync();
        var shop = await Namespaces.CriticalUnderAsync(everything);
        await Dev.Applies(Payments).In(shop).ShouldBeRejected(with: "approval-missing");
        await Stack.KillControllerAsync();
        await everything.DeletedAsync();

        await Stack.StartControllerAsync();

        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
    }

    private Task<Answer> TryAsync(Manifest manifest) =>
        Api.Of("dev").SendAsync(HttpMethod.Put, $"{manifest.PathIn(_shop)}?dryRun=All", manifest.ToJson());

    private static string Uid(JsonNode pod) => pod["metadata"]!["uid"]!.GetValue<string>();

    private static void ShouldFailClosed(Verdict verdict)
    {
        verdict.IsAdmitted.Should().BeFalse();
        verdict.Kubectl.Error.Should().Contain("failed calling webhook \"rollouts.changeadmission.io\"");
    }
}
