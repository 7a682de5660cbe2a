using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>The robot that applies from Git carries what a senior has signed; nobody else's key, and no other change, passes.</summary>
public sealed class SignedApprovalTests
{
    private static readonly Manifest Payments = A.Deployment("payments");
    private static readonly Manifest Next = Payments.WithImage("1.1.0").DeclaredAIAssisted();
    private static readonly Seal Alice = new("alice@example.com");

    [Fact]
    public async Task The_robot_applies_a_signed_change_and_no_unsigned_one()
    {
        var shop = await ShopAsync();
        await Robot.Applies(Next).In(shop).ShouldBeRejected(with: "approval-missing");

        await Robot.Applies(Carrying(Alice.Signs(Next, shop))).In(shop).ShouldBeAdmitted();
        await Robot.Applies(Carrying(Alice.Signs(Next, shop)).WithImage("1.2.0")).In(shop).ShouldBeRejected(with: "approval-invalid");

        var record = await Ledger.OutcomeAsync(shop, Next, "Succeeded");
        record["spec"]!["approvedBy"]![0]!.ToJsonString().Should().Be("""{"carrier":"Signature","name":"alice@example.com"}""");
    }

    [Fact]
    public async Task A_signature_for_another_change_workload_cluster_or_time_is_worth_nothing_here()
    {
        var (shop, bank) = (await ShopAsync(), await ShopAsync());
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

        foreach (var (token, why) in new[]
        {
            (Alice.Signs(Next, bank), "which is another workload"),
            (Alice.Signs(Next.Named("other"), shop), "which is another workload"),
            (Alice.Signs(A.StatefulSet("payments"), shop), "which is another workload"),
            (Alice.Signs(Next.WithImage("6.6.6"), shop), "which is another change"),
            (Alice.Signs(Next, shop, c => c["aud"] = "staging"), "for the cluster \"staging\""),
            (Alice.Signs(Next, shop, c => (c["iat"], c["exp"]) = (now - 3600, now - 61)), "expired at"),
            (Alice.Signs(Next, shop, c => (c["iat"], c["exp"]) = (now + 120, now + 3600)), "not valid yet"),
            (Alice.Signs(Next, shop, c => c["exp"] = now + 90000), "for longer than 24h"),
            (Alice.Signs(Next, shop, c => c["approver"] = "erin"), "signed it as \"erin\""),
        })
        {
            (await Robot.Applies(Carrying(token)).In(shop).ShouldBeRejected(with: "approval-invalid")).Message.Should().Contain(why);
        }
    }

    [Fact]
    public async Task A_signature_that_is_none_is_worth_nothing()
    {
        var shop = await ShopAsync();
        var (good, other) = (Alice.Signs(Next, shop).Split('.'), Alice.Signs(Next.WithImage("6.6.6"), shop).Split('.'));
        var claims = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(good[1]));
        var header = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(good[0]));
        var symmetric = $"{Seal.Encode(header.Replace("ES256", "HS256", StringComparison.Ordinal))}.{good[1]}";
        var mac = HMACSHA256.HashData(Encoding.ASCII.GetBytes(Alice.PublicKey), Encoding.ASCII.GetBytes(symmetric));

        foreach (var (token, why) in new[]
        {
            ($"{Seal.Encode(header.Replace("ES256", "none", StringComparison.Ordinal))}.{good[1]}.", "three base64url parts"),
            (Alice.Signs(Next, shop, header: h => h["alg"] = "none"), "not of the algorithm ES256"),
            ($"{symmetric}.{Base64Url.EncodeToString([.. mac, .. mac])}", "not of the algorithm ES256"),
            (Alice.Signs(Next, shop, header: h => h["kid"] = "mallory"), "no signer of this policy"),
            (Alice.Signs(Next, shop, header: h => h["typ"] = "JWT"), "not of the type"),
            (new Seal("alice@example.com").Signs(Next, shop), "not by the key of"),
            ($"{other[0]}.{good[1]}.{other[2]}", "not by the key of"),
            (Alice.Sign(header, claims[..^1] + ",\"digest\":\"" + Next.DigestIn(shop) + "\"}"), "not sound JSON"),
        })
        {
            (await Robot.Applies(Carrying(token)).In(shop).ShouldBeRejected(with: "approval-invalid")).Message.Should().Contain(why);
        }

        var long5K = Alice.Signs(Next, shop, c => c["jti"] = new string('x', 4 * 1024));
        (await Robot.Applies(Carrying(long5K)).In(shop)).IsAdmitted.Should().BeFalse();
    }

    [Fact]
    public async Task A_key_that_is_removed_takes_all_its_signatures_with_it_and_a_second_key_of_one_name_counts()
    {
        var next = new Seal("alice@example.com");
        var policy = await Policy().With("approval.signers", new JsonArray(Alice.InThePolicy, next.InThePolicy)).StoredAsync();
        var shop = await Namespaces.CriticalUnderAsync(policy);
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Robot.Applies(Carrying(Alice.Signs(Next, shop))).AsDryRun().In(shop).ShouldBeAdmitted();
        await Robot.Applies(Carrying(next.Signs(Next, shop))).AsDryRun().In(shop).ShouldBeAdmitted();

        (await Api.Of("admin").PatchAsync(
            $"{Language.Policy.Collection}/{policy.Name}", policy.With("approval.signers", new JsonArray(next.InThePolicy)).ToJson())).ShouldBeOk();

        await Eventually.Holds("the key to be gone", async () => !(await Robot.Applies(Carrying(Alice.Signs(Next, shop))).AsDryRun().In(shop)).IsAdmitted, seconds: 2);
        await Robot.Applies(Carrying(next.Signs(Next, shop))).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task One_person_by_signature_and_by_object_is_one_person()
    {
        var policy = await Policy().With("approval.count", 2).StoredAsync();
        var shop = await Namespaces.CriticalUnderAsync(policy);
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        (await Admin.As("alice@example.com", "seniors").Creates(new Approval(Next)).In(shop)).MustBeAdmitted();

        (await Robot.Applies(Carrying(Alice.Signs(Next, shop))).In(shop).ShouldBeRejected(with: "approval-missing")).Message.Should().Contain("1 of 2 seniors");

        await new Approval(Next).StoredAsync(shop);
        await Robot.Applies(Carrying(Alice.Signs(Next, shop))).In(shop).ShouldBeAdmitted();
    }

    [Theory]
    [InlineData("no key", "spec.approval.signers[0].publicKey")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "spec.approval.signers[0].publicKey")]
    public async Task A_key_that_is_none_is_refused_with_its_place(string key, string path)
    {
        var signer = new JsonObject { ["name"] = "alice", ["publicKey"] = key };

        (await Admin.Applies(A.Policy().With("approval.signers", new JsonArray(signer))).InTheCluster()).Kubectl.Error.Should().Contain(path);
    }

    private static Manifest Carrying(string token) => Next.Annotated(WellKnown.SeniorApproval, token);

    private static Policy Policy() => A.Policy().With("approval.signers", new JsonArray(Alice.InThePolicy));

    private static async Task<TestNamespace> ShopAsync()
    {
        var shop = await Namespaces.CriticalUnderAsync(await Policy().StoredAsync());
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        return shop;
    }
}
