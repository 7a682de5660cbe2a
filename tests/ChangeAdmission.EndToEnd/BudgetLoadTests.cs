using System.Net;
using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>
/// The limit holds exactly, whatever happens at once: three replicas of the controller, each a process of its own, share the
/// ledgers, and the API server asks one of them or another by the label of the workload.
/// </summary>
[Collection(Alone.Name)]
public sealed class BudgetLoadTests : IAsyncLifetime
{
    private const int Limit = 10;
    private const int Rollouts = 300;
    private const string ReplicaLabel = "test.changeadmission.io/replica";
    private const string Configuration = "apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

    private static readonly int Runs = Stack.IsSoak ? 20 : 5;

    public async Task InitializeAsync()
    {
        await Stack.StartReplicaAsync(2);
        await Stack.StartReplicaAsync(3);
        await Api.Of("admin").DeleteAsync($"{Configuration}/replicas");
        (await Api.Of("admin").PostAsync(Configuration, await ReplicasAsync())).ShouldBeOk();
    }

    public async Task DisposeAsync()
    {
        await Api.Of("admin").DeleteAsync($"{Configuration}/replicas");
        await Stack.StopReplicaAsync(2);
        await Stack.StopReplicaAsync(3);
    }

    [Fact]
    public async Task Of_three_hundred_workloads_at_once_exactly_the_limit_rolls_out_in_every_run()
    {
        for (var run = 0; run < Runs; run++)
        {
            var shop = await ShopAsync(A.Policy().Limiting("Namespace", Limit));

            var answers = await Task.WhenAll(Enumerable.Range(0, Rollouts).Select(i => CreateAsync(shop, i)));

            answers.Count(a => a.Status == HttpStatusCode.Created).Should().Be(Limit, $"in run {run} nothing failed: {Refusals(answers)}");
            (await PersistedAsync(shop)).Should().Be(Limit);
            await Ledger.SettledAsync(shop);
            (await Ledger.EntriesAsync(shop)).Should().HaveCount(Limit, "each is charged once");
        }
    }

    [Fact]
    public async Task Of_three_hundred_rollouts_of_one_workload_at_once_never_more_than_the_limit_are_persisted()
    {
        for (var run = 0; run < Runs; run++)
        {
            var shop = await ShopAsync(A.Policy().Limiting("Workload", Limit));
            var payments = A.Deployment("payments").WithReplicas(0);
            (await Api.Of("dev").PostAsync(payments.CollectionIn(shop), Labelled(payments, 0))).ShouldBeOk();

            var answers = await Task.WhenAll(Enumerable.Range(1, Rollouts).Select(i => Api.Of("dev").PatchAsync(payments.PathIn(shop), Labelled(payments.WithImage($"1.{i}.0"), i % 3))));

            // A write that lost against another one holds a slot until it is looked into, so with contention it may be fewer.
            var persisted = 1 + answers.Count(a => a.Status == HttpStatusCode.OK);
            persisted.Should().BeInRange(2, Limit, Refusals(answers));
            await Ledger.SettledAsync(shop);
            (await Ledger.EntriesAsync(shop)).Should().HaveCount(persisted, "one charge for each that was persisted remains");
            Stack.Note($"one workload, run {run}: {persisted} of {Limit} persisted");
        }
    }

    [Fact]
    public async Task Where_another_webhook_rejects_a_third_it_is_never_more_and_the_slots_come_back()
    {
        await using var other = await ContraryWebhook.StartAsync(refusesOneIn: 3);
        var shop = await ShopAsync(A.Policy().Limiting("Namespace", Limit), (ContraryWebhook.Label, "true"));
        await other.RegisterAsync(shop);

        var answers = await Task.WhenAll(Enumerable.Range(0, Rollouts).Select(i => CreateAsync(shop, i)));

        var persisted = await PersistedAsync(shop);
        persisted.Should().BeLessThanOrEqualTo(Limit).And.Be(answers.Count(a => a.Status == HttpStatusCode.Created));
        other.Refused.Should().BeGreaterThan(0);
        var waited = await Eventually.Holds("the dangling reservations to come back", async () => (await Ledger.EntriesAsync(shop)).Count == persisted, seconds: 60);
        Stack.Note($"another webhook refused {other.Refused}; {persisted} persisted; dangling reservations were back after {waited.TotalSeconds:0.0} s");
    }

    [Fact]
    public async Task A_conflict_storm_charges_each_persisted_rollout_once()
    {
        var shop = await ShopAsync(A.Policy().Limiting("Workload", 200));
        var payments = A.Deployment("payments").WithReplicas(0);
        (await Api.Of("dev").PostAsync(payments.CollectionIn(shop), Labelled(payments, 0))).ShouldBeOk();
        using var stop = new CancellationTokenSource();
        var storm = Enumerable.Range(0, 3).Select(i => Task.Run(() => WriteAsync(shop, payments, i, stop.Token))).ToList();

        var patched = 0;
        for (var i = 1; i <= 25; i++)
        {
            patched += (await Api.Of("dev").PatchAsync(payments.PathIn(shop), Labelled(payments.WithImage($"1.{i}.0"), 0))).Status == HttpStatusCode.OK ? 1 : 0;
        }

        await stop.CancelAsync();
        var writes = (await Task.WhenAll(storm)).Sum();
        patched.Should().Be(25);
        await Ledger.SettledAsync(shop);
        (await Ledger.EntriesAsync(shop)).Should().HaveCount(1 + patched);
        Stack.Note($"conflict storm: {patched} rollouts among {writes} other writes, {1 + patched} charges");
    }

    [Fact]
    public async Task A_replica_that_is_killed_under_load_never_lets_more_through()
    {
        for (var run = 0; run < (Stack.IsSoak ? 10 : 3); run++)
        {
            var shop = await ShopAsync(A.Policy().Limiting("Namespace", Limit));
            var creating = Enumerable.Range(0, Rollouts).Select(i => CreateAsync(shop, i)).ToList();
            await Task.WhenAny(creating);
            await Stack.KillReplicaAsync(2);
            var answers = await Task.WhenAll(creating);

            var persisted = await PersistedAsync(shop);
            persisted.Should().BeLessThanOrEqualTo(Limit).And.Be(answers.Count(a => a.Status == HttpStatusCode.Created));
            await Stack.StartReplicaAsync(2);
            await Ledger.SettledAsync(shop);
            (await Ledger.EntriesAsync(shop)).Should().HaveCount(persisted, "what was never persisted is released");
        }
    }

    [Fact]
    public async Task One_rollout_costs_one_write_and_a_hundred_waiters_cost_at_most_twenty()
    {
        var shop = await ShopAsync(A.Policy().Limiting("Namespace", 200));
        await CreateAsync(shop, 0, replica: 0);
        await Ledger.SettledAsync(shop);
        await Eventually.Holds("the record", async () => (await Ledger.RecordsAsync(shop)).Count == 1);

        var before = await ReservationWritesAsync();
        (await CreateAsync(shop, 1, replica: 0)).ShouldBeOk();
        var one = await ReservationWritesAsync() - before;
        before = await ReservationWritesAsync();
        (await Task.WhenAll(Enumerable.Range(2, 100).Select(i => CreateAsync(shop, i, replica: 0)))).Should().OnlyContain(a => a.Status == HttpStatusCode.Created);
        var hundred = await ReservationWritesAsync() - before;

        Stack.Note($"ledger writes: {one} for one rollout, {hundred} for a hundred at once");
        one.Should().Be(1);
        hundred.Should().BeLessThanOrEqualTo(20);
    }

    private static async Task<double> ReservationWritesAsync() => (await Observed.SamplesAsync())
        .Where(s => s.Name == "changeadmission_ledger_writes_total" && s.Labels["purpose"] == "reserve").Sum(s => s.Value);

    private static async Task<TestNamespace> ShopAsync(Policy policy, params (string Key, string Value)[] labels)
    {
        var stored = await policy.StoredAsync();
        return await Namespaces.CreateAsync([(WellKnown.Critical, "true"), (Stack.OwnPolicyLabel, stored.Team), .. labels]);
    }

    private static Task<Answer> CreateAsync(TestNamespace shop, int number, int? replica = null)
    {
        var manifest = A.Deployment($"payments-{number}").WithReplicas(0);
        return Api.Of("dev").PostAsync(manifest.CollectionIn(shop), Labelled(manifest, replica ?? (number % 3)));
    }

    private static JsonObject Labelled(Manifest manifest, int replica)
    {
        var json = manifest.ToJson();
        json["metadata"]!["labels"] = new JsonObject { [ReplicaLabel] = $"{replica}" };
        return json;
    }

    private static async Task<int> PersistedAsync(TestNamespace shop) =>
        (await Api.Of("admin").GetAsync($"apis/apps/v1/namespaces/{shop}/deployments"))["items"]!.AsArray().Count;

    private static async Task<int> WriteAsync(TestNamespace shop, Manifest manifest, int kind, CancellationToken ct)
    {
        var writes = 0;
        while (!ct.IsCancellationRequested)
        {
            var (path, patch) = kind switch
            {
                0 => (manifest.PathIn(shop), $"{{\"metadata\":{{\"annotations\":{{\"example.com/note\":\"{writes}\"}}}}}}"),
                1 => (manifest.PathIn(shop) + "/scale", $"{{\"spec\":{{\"replicas\":{writes % 2}}}}}"),
                _ => (manifest.PathIn(shop) + "/status", $"{{\"status\":{{\"collisionCount\":{writes}}}}}"),
            };
            writes += (await Api.Of("admin").PatchAsync(path, JsonNode.Parse(patch)!)).Status == HttpStatusCode.OK ? 1 : 0;
        }

        return writes;
    }

    private static string Refusals(IEnumerable<Answer> answers) => string.Join(
        "\n",
        answers.Where(a => (int)a.Status >= 400).GroupBy(a => a.Message.Split("next slot")[0]).Select(g => $"{g.Count()} × {g.Key}"));

    // Beside the configuration that calls the first replica for everything: what has a label is judged by the replica it names too,
    // so that many a write is judged by two at once.
    private static async Task<JsonObject> ReplicasAsync()
    {
        var own = await Api.Of("admin").GetAsync($"{Configuration}/changeadmission");
        var webhooks = new JsonArray();
        for (var i = 1; i < Stack.Current.Replicas.Count; i++)
        {
            var webhook = own["webhooks"]![0]!.DeepClone().AsObject();
            webhook["name"] = $"replica-{i}.changeadmission.io";
            webhook["clientConfig"]!["url"] = $"https://{Stack.Current.Replicas[i]}/validate/rollouts";
            webhook["objectSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { [ReplicaLabel] = $"{i}" } };
            webhooks.Add(webhook);
        }

        return new JsonObject
        {
            ["apiVersion"] = "admissionregistration.k8s.io/v1",
            ["kind"] = "ValidatingWebhookConfiguration",
            ["metadata"] = new JsonObject { ["name"] = "replicas" },
            ["webhooks"] = webhooks,
        };
    }
}
