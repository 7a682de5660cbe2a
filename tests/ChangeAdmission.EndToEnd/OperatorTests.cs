using System.Net;
using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>The operator changes its place, or is away for a while, and etcd with it.</summary>
[Collection(Disruption.Name)]
public sealed class OperatorTests : IAsyncLifetime
{
    private const string Lease = "apis/coordination.k8s.io/v1/namespaces/changeadmission-system/leases/changeadmission";

    private static readonly Manifest Payments = A.Deployment("payments");

    public Task InitializeAsync() => Stack.StartControllerAsync();

    public async Task DisposeAsync()
    {
        await Stack.StopReplicaAsync(2);
        await Stack.StartControllerAsync();
    }

    [Fact]
    public async Task Another_replica_leads_when_the_leader_is_killed_and_at_once_when_it_ends()
    {
        var first = await Eventually.Get("a leader", HolderAsync, seconds: 40);
        await Stack.StartReplicaAsync(2);
        await Stack.KillControllerAsync();
        var killed = await Eventually.Holds("another leader", async () => await HolderAsync() is { } holder && holder != first, seconds: 40);
        var second = await HolderAsync();

        await Stack.StartControllerAsync();
        await Stack.StopReplicaAsync(2);
        var ended = await Eventually.Holds("yet another leader", async () => await HolderAsync() is { } holder && holder != second, seconds: 40);

        Stack.Note($"another led {killed.TotalSeconds:0.0} s after a SIGKILL, {ended.TotalSeconds:0.0} s after a SIGTERM");
        killed.TotalSeconds.Should().BeLessThan(20);
        ended.TotalSeconds.Should().BeLessThan(6);
    }

    [Fact]
    public async Task What_happened_while_etcd_was_away_is_rejected_and_nothing_is_lost()
    {
        var policy = await A.Policy().Limiting("Workload", 3).StoredAsync();
        var shop = await Namespaces.CriticalUnderAsync(policy);
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, Payments, "Succeeded");

        using var webhook = await Webhook.ConnectAsync();
        var meanwhile = Review.Of(Payments, Payments.WithImage("6.6.6"), shop).With(request => request["dryRun"] = false);
        (await webhook.PostAsync(meanwhile.With(request => request["dryRun"] = true))).IsAdmission.Should().BeTrue("there is nothing wrong with it");

        await Stack.StopEtcdAsync();
        var answer = await webhook.PostAsync(meanwhile);
        answer.IsAdmission.Should().BeFalse();
        answer.Problem.Should().Contain("unavailable: ");
        await Stack.StartEtcdAsync();

        var back = await Eventually.Holds("the next rollout", async () => (await Dev.Applies(Payments.WithImage("1.1.0")).In(shop)).IsAdmitted, seconds: 30);
        Stack.Note($"after etcd came back, the first rollout was admitted after {back.TotalSeconds:0.0} s");
        await Ledger.OutcomeAsync(shop, Payments.WithImage("1.1.0"), "Succeeded");
        (await Ledger.EntriesAsync(shop, "Committed")).Should().HaveCount(2);
    }

    [Fact]
    public async Task While_no_operator_runs_reservations_count_and_when_it_is_back_it_catches_up()
    {
        var policy = await A.Policy().Limiting("Workload", 2).StoredAsync();
        var shop = await Namespaces.CriticalUnderAsync(policy);
        await Eventually.Get("a leader", HolderAsync, seconds: 40);
        await LeadAsync("somebody-else");
        await Eventually.Holds("the operator to stop", async () => (await Observed.SamplesAsync()).Single(s => s.Name == "changeadmission_leader").Value == 0);
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Dev.Applies(Payments.WithImage("1.1.0")).In(shop).ShouldBeAdmitted();

        var verdict = await Dev.Applies(Payments.WithImage("1.2.0")).In(shop).ShouldBeRejected(with: "rate-limited");
        verdict.Message.Should().Contain("2 used (2 of them reserved and not seen in the cluster yet)");
        (await Ledger.EntriesAsync(shop, "Reserved")).Should().HaveCount(2, "nobody looks whether they were persisted");
        (await Ledger.RecordsAsync(shop)).Should().BeEmpty();

        await LeadAsync("");
        await Ledger.OutcomeAsync(shop, Payments.WithImage("1.1.0"), "Succeeded");
        await Ledger.OutcomeAsync(shop, Payments, "Superseded");
        (await Ledger.EntriesAsync(shop, "Committed")).Should().HaveCount(2);
        (await Dev.Applies(Payments.WithImage("1.2.0")).In(shop).ShouldBeRejected(with: "rate-limited")).Message.Should().Contain("2 used; next slot");
    }

    [Fact]
    public async Task Killed_at_any_moment_of_a_decision_nothing_is_uncounted_and_nothing_counted_for_ever()
    {
        var policy = await A.Policy().Limiting("Namespace", 200).StoredAsync();
        var shop = await Namespaces.CriticalUnderAsync(policy);
        var workloads = Enumerable.Range(0, Stack.IsSoak ? 60 : 12).Select(i => A.Deployment($"payments-{i}").WithReplicas(0)).ToList();
        foreach (var workload in workloads)
        {
            (await Api.Of("dev").PostAsync(workload.CollectionIn(shop), workload.ToJson())).ShouldBeOk();
        }

        await Ledger.SettledAsync(shop);
        var (persisted, dangling, untouched) = (0, 0, 0);
        foreach (var (i, workload) in workloads.Index())
        {
            var patching = Api.Of("dev").PatchAsync(workload.PathIn(shop), workload.WithImage("1.1.0").WithReplicas(0).ToJson());
            if (i % 2 == 0)
            {
                // Between the write and the answer, or just after it.
                await Eventually.Holds("the reservation", async () => (await Ledger.EntriesAsync(shop, "Reserved")).Any(e => Is(e, workload)) || patching.IsCompleted);
            }
            else
            {
                await Task.Delay(i % 8);
            }

            Stack.Controller().Kill();
            var isPersisted = (await patching).Status == HttpStatusCode.OK;
            var isReserved = (await Ledger.EntriesAsync(shop)).Count(e => Is(e, workload)) == 2;
            (isPersisted && !isReserved).Should().BeFalse("what rolls out is written down first");
            _ = isPersisted ? persisted++ : isReserved ? dangling++ : untouched++;
            (await shop.ImageOfAsync(workload)).Should().Be(isPersisted ? workload.WithImage("1.1.0").Image : workload.Image);
            await Stack.StartControllerAsync();
        }

        Stack.Note($"killed during {workloads.Count} decisions: {persisted} persisted, {dangling} reserved and not persisted, {untouched} not reserved");
        await Ledger.SettledAsync(shop);
        (await Ledger.EntriesAsync(shop, "Committed")).Should().HaveCount(workloads.Count + persisted);
        (persisted + dangling).Should().BePositive();
    }

    private static bool Is(JsonNode entry, Manifest workload) => entry["workload"]!["name"]!.GetValue<string>() == workload.Name;

    private static async Task LeadAsync(string holder)
    {
        var spec = new JsonObject { ["holderIdentity"] = holder, ["leaseDurationSeconds"] = 3600 };
        (await Api.Of("admin").PatchAsync(Lease, new JsonObject { ["spec"] = spec })).ShouldBeOk();
    }

    private static async Task<string?> HolderAsync()
    {
        var lease = await Api.Of("admin").SendAsync(HttpMethod.Get, Lease);
        return lease.Body["spec"]?["holderIdentity"]?.GetValue<string>() is { Length: > 0 } holder ? holder : null;
    }
}
