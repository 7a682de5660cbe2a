using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>What is broken under the controller's feet, it mends, but for the one thing that an administrator took away on purpose.</summary>
[Collection(Disruption.Name)]
public sealed class RecoveryTests : IAsyncLifetime
{
    private const string Configurations = "apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    private const string Configuration = $"{Configurations}/changeadmission";
    private const string Secret = "api/v1/namespaces/changeadmission-system/secrets/changeadmission-webhook-certificates";

    private static readonly TimeSpan BackInTime = TimeSpan.FromSeconds(10);
    private static readonly Manifest Payments = A.Deployment("payments").DeclaredAIAssisted();

    private TestNamespace _shop = null!;

    public async Task InitializeAsync()
    {
        await Stack.StartControllerAsync();
        _shop = await Namespaces.CriticalAsync();
        (await IsJudgedAsync()).Should().BeTrue("the test begins with a stack that works");
    }

    public Task DisposeAsync() => Stack.StartControllerAsync();

    [Fact]
    public async Task Deleting_the_webhook_configuration_is_the_emergency_exit_and_is_reported_and_not_undone()
    {
        var configuration = await Api.Of("admin").GetAsync(Configuration);
        (await Api.Of("admin").DeleteAsync(Configuration)).ShouldBeOk();
        try
        {
            await Eventually.Holds("the API server to let everything through", async () =>
                (await Dev.Applies(Payments).In(_shop)).IsAdmitted);

            // Reported means noticed: had it wanted to put the configuration back, it would have.
            await Eventually.Holds("the metric to say so", async () => await PresentAsync() == 0);
            Stack.ControllerLog("webhook configuration").Should().Contain("no change is judged until it is applied again");
            (await Api.Of("admin").SendAsync(HttpMethod.Get, Configuration)).Status.Should().Be(System.Net.HttpStatusCode.NotFound);
        }
        finally
        {
            var metadata = new JsonObject { ["name"] = "changeadmission" };
            configuration["metadata"] = metadata;
            (await Api.Of("admin").PostAsync(Configurations, configuration)).ShouldBeOk();
        }

        await Eventually.Holds("rollouts to be judged again", IsJudgedAsync);
        await Eventually.Holds("the metric to say so", async () => await PresentAsync() == 1);
    }

    [Fact]
    public async Task A_webhook_configuration_that_is_applied_without_its_CA_gets_it_back()
    {
        var other = Convert.ToBase64String(Encoding.ASCII.GetBytes(await OtherAuthorityAsync()));
        var patch = new JsonArray(new JsonObject { ["op"] = "replace", ["path"] = "/webhooks/0/clientConfig/caBundle", ["value"] = other });

        (await Api.Of("admin").SendAsync(HttpMethod.Patch, Configuration, patch, "application/json-patch+json")).ShouldBeOk();

        await Eventually.Holds("the CA to be published again", async () =>
            (await Api.Of("admin").GetAsync(Configuration))["webhooks"]![0]!["clientConfig"]!["caBundle"]!.GetValue<string>() != other);
        await Eventually.Holds("rollouts to be judged again", IsJudgedAsync);
    }

    [Fact]
    public async Task A_controller_that_starts_without_its_certificate_makes_a_new_one()
    {
        var before = await CaBundleAsync();
        await Stack.KillControllerAsync();
        (await Api.Of("admin").DeleteAsync(Secret)).ShouldBeOk();

        await ShouldBeBackAsync("a lost certificate", Stack.StartControllerAsync);

        (await CaBundleAsync()).Should().NotBe(before);
    }

    [Fact]
    public async Task A_controller_that_starts_with_a_damaged_certificate_makes_a_new_one()
    {
        await Stack.KillControllerAsync();
        var damage = new JsonObject { ["data"] = new JsonObject { ["tls.key"] = Convert.ToBase64String("no key"u8) } };
        (await Api.Of("admin").PatchAsync(Secret, damage)).ShouldBeOk();

        await ShouldBeBackAsync("a damaged certificate", Stack.StartControllerAsync);
    }

    [Fact]
    public async Task A_controller_that_starts_again_keeps_its_certificate()
    {
        var before = await CaBundleAsync();
        await Stack.KillControllerAsync();

        await Stack.StartControllerAsync();

        (await IsJudgedAsync()).Should().BeTrue();
        (await CaBundleAsync()).Should().Be(before);
    }

    [Fact]
    public async Task When_the_API_server_is_restarted_policies_and_budgets_are_in_force_as_before()
    {
        var (limited, rollout) = (await A.Policy().Limiting("Workload", 1).StoredAsync(), A.Deployment("payments"));
        var bank = await Namespaces.CriticalUnderAsync(limited);
        await Dev.Applies(rollout).In(bank).ShouldBeAdmitted();

        await Stack.RestartApiServerAsync();
        await ShouldBeBackAsync("a restart of the API server", () => Task.CompletedTask);
        await Dev.Applies(rollout.WithImage("1.1.0")).In(bank).ShouldBeRejected(with: "rate-limited");
        await Ledger.OutcomeAsync(bank, rollout, "Succeeded");

        // The watches came back too, not only the answers: a change made now arrives.
        var lenient = await A.Policy().With("enforcement", "Audit").StoredAsync();
        var shop = await Namespaces.CriticalUnderAsync(lenient);
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        (await Api.Of("admin").PatchAsync($"{Policy.Collection}/{lenient.Name}", lenient.With("enforcement", "Enforce").ToJson())).ShouldBeOk();
        await Eventually.Holds("the change of the policy to arrive", async () =>
            (await Dev.SetsImage(Payments.WithImage("1.1.0")).In(shop)).Reasons.SequenceEqual(["approval-missing"]));
    }

    private async Task ShouldBeBackAsync(string after, Func<Task> repair)
    {
        var watch = Stopwatch.StartNew();
        await repair();
        await Eventually.Holds("rollouts to be judged again", IsJudgedAsync);
        Stack.Note($"after {after}, the first decision came after {watch.ElapsedMilliseconds} ms");
        watch.Elapsed.Should().BeLessThan(BackInTime);
    }

    private async Task<bool> IsJudgedAsync()
    {
        var answer = await Api.Of("dev").PostAsync($"{Payments.CollectionIn(_shop)}?dryRun=All", Payments.ToJson());
        return answer.Message.Contains(" - approval-missing: ", StringComparison.Ordinal);
    }

    private static async Task<double> PresentAsync() =>
        (await Observed.SamplesAsync()).Single(s => s.Name == "changeadmission_webhook_configuration_present").Value;

    private static async Task<string> CaBundleAsync() =>
        (await Api.Of("admin").GetAsync(Configuration))["webhooks"]![0]!["clientConfig"]!["caBundle"]!.GetValue<string>();

    // A sound certificate, and of somebody else: the API server's own.
    private static async Task<string> OtherAuthorityAsync()
    {
        var map = await Api.Of("admin").GetAsync("api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication");
        return map["data"]!["client-ca-file"]!.GetValue<string>();
    }
}
