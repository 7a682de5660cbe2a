using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Core.Tests.Decisions;

namespace ChangeAdmission.Core.Tests.Approvals;

/// <summary>What a signature is worth, and everything about one that makes it worth nothing.</summary>
public sealed class SignedApprovalTests
{
    private static readonly Signer Alice = new("alice");
    private static readonly Request Change = A.Rollout.DeclaredAIAssisted().By("robot");
    private static readonly ChangePolicy Policy = A.Policy with { Signers = [Alice.InThePolicy] };

    private readonly Cluster _cluster = new();

    public static TheoryData<string, string> WithAnotherClaim => new()
    {
        { """{"sub":"bank/Deployment/payments"}""", "\"bank/Deployment/payments\", which is another workload" },
        { """{"sub":"shop/StatefulSet/payments"}""", "which is another workload" },
        { """{"sub":"shop/Deployment/checkout"}""", "which is another workload" },
        { """{"sub":"shop/deployment/payments"}""", "which is another workload" },
        { """{"aud":"staging"}""", "for the cluster \"staging\"; this is \"default\"" },
        { """{"approver":"bob"}""", "\"alice\" signed it as \"bob\"" },
        { """{"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000001"}""", "which is another change" },
        { """{"exp":1772452739}""", "expired at" }, // 61 s ago
        { """{"iat":1772452861}""", "is not valid yet" }, // in 61 s
        { """{"nbf":1772452861}""", "is not valid yet" },
        { """{"exp":1772535601}""", "for longer than 24h" }, // by a second
        { """{"iat":1772536000}""", "for longer than 24h" }, // after its end
        { """{"exp":1772452800.5}""", "no exp in whole seconds" },
        { """{"exp":"1772452800"}""", "no exp in whole seconds" },
        { """{"iat":-1}""", "no iat in whole seconds" },
        { """{"aud":["default","staging"]}""", "no aud that is one text" },
        { """{"author":7}""", "an author that is no name" },
        { """{"digest":"sha256:00"}""", "no digest of the form" },
    };

    [Fact]
    public void Anybody_may_carry_a_senior_s_signature()
    {
        var decision = _cluster.Decide(Change.Approving(Alice.Approve(Change)), Policy).ShouldBeAdmitted();

        decision.Rollout!.Approvers.Should().Equal(new Core.Budgets.ApprovedBy("alice", ApprovalCarrier.Signature));
        _cluster.Asked.OfType<Question.MayApprove>().Should().BeEmpty("the key says who approves; RBAC is not asked");
    }

    [Theory]
    [InlineData(-59)]
    [InlineData(59)]
    public void A_clock_may_be_a_minute_off(int seconds) => _cluster.Decide(
        Change.Approving(Alice.Approve(Change, c => c[seconds < 0 ? "exp" : "iat"] = Cluster.Noon.AddSeconds(seconds).ToUnixTimeSeconds())), Policy).ShouldBeAdmitted();

    [Theory]
    [MemberData(nameof(WithAnotherClaim))]
    public void One_wrong_claim_is_enough_to_make_it_worthless(string claims, string why)
    {
        var token = Alice.Approve(Change, c =>
        {
            foreach (var (name, value) in JsonNode.Parse(claims)!.AsObject())
            {
                c[name] = value!.DeepClone();
            }
        });

        _cluster.Decide(Change.Approving(token), Policy).ShouldBeRejected(Reason.ApprovalInvalid).Detail.Should().Contain(why);
    }

    [Theory]
    [InlineData("sub")]
    [InlineData("digest")]
    [InlineData("approver")]
    [InlineData("aud")]
    [InlineData("iat")]
    [InlineData("exp")]
    public void No_claim_may_be_missing(string claim) =>
        _cluster.Decide(Change.Approving(Alice.Approve(Change, c => c.Remove(claim))), Policy).ShouldBeRejected(Reason.ApprovalInvalid).Detail.Should().Contain($" {claim}");

    [Theory]
    [InlineData("""{"alg":"none","typ":"changeadmission-approval+jwt","kid":"alice"}""", "ES256")]
    [InlineData("""{"alg":"HS256","typ":"changeadmission-approval+jwt","kid":"alice"}""", "ES256")]
    [InlineData("""{"alg":"ES384","typ":"changeadmission-approval+jwt","kid":"alice"}""", "ES256")]
    [InlineData("""{"alg":"es256","typ":"changeadmission-approval+jwt","kid":"alice"}""", "ES256")]
    [InlineData("""{"typ":"changeadmission-approval+jwt","kid":"alice"}""", "ES256")]
    [InlineData("""{"alg":"ES256","typ":"JWT","kid":"alice"}""", "changeadmission-approval+jwt")]
    [InlineData("""{"alg":"ES256","kid":"alice"}""", "changeadmission-approval+jwt")]
    [InlineData("""{"alg":"ES256","typ":"changeadmission-approval+jwt"}""", "kid")]
    [InlineData("""{"alg":"ES256","typ":"changeadmission-approval+jwt","kid":"mallory"}""", "\"mallory\", who is no signer")]
    [InlineData("""{"alg":"ES256","typ":"changeadmission-approval+jwt","kid":"alice","jwk":{}}""", "\"jwk\" in its header")]
    [InlineData("""{"alg":"ES256","typ":"changeadmission-approval+jwt","kid":"alice","crit":["x"]}""", "\"crit\" in its header")]
    [InlineData("""{"alg":"ES256","alg":"ES256","typ":"changeadmission-approval+jwt","kid":"alice"}""", "not sound JSON")]
    [InlineData("""["ES256"]""", "no object")]
    public void The_header_decides_nothing(string header, string why)
    {
        var claims = Signer.Decode(Alice.Approve(Change).Split('.')[1]);

        _cluster.Decide(Change.Approving(Alice.Sign(header, claims)), Policy).ShouldBeRejected(Reason.ApprovalInvalid).Detail.Should().Contain(why);
    }

    [Fact]
    public void The_public_key_is_no_secret_to_sign_with()
    {
        var parts = Alice.Approve(Change).Split('.');
        var signed = $"{Signer.Encode("""{"alg":"HS256","typ":"changeadmission-approval+jwt","kid":"alice"}""")}.{parts[1]}";
        var signature = HMACSHA256.HashData(Encoding.ASCII.GetBytes(Alice.PublicKey), Encoding.ASCII.GetBytes(signed));

        _cluster.Decide(Change.Approving($"{signed}.{Base64Url.EncodeToString(signature)}"), Policy).ShouldBeRejected(Reason.ApprovalInvalid);
        _cluster.Decide(Change.Approving($"{parts[0]}.{parts[1]}.{Base64Url.EncodeToString([.. signature, .. signature])}"), Policy)
            .ShouldBeRejected(Reason.ApprovalInvalid).Detail.Should().Contain("not by the key of \"alice\"");
    }

    [Fact]
    public void Somebody_else_s_key_and_a_swapped_payload_sign_nothing()
    {
        var token = new Signer("alice").Approve(Change);
        _cluster.Decide(Change.Approving(token), Policy).ShouldBeRejected(Reason.ApprovalInvalid).Detail.Should().Contain("not by the key");

        var (mine, theirs) = (Alice.Approve(Change).Split('.'), Alice.Approve(Change.WithImage("payments:3")).Split('.'));
        _cluster.Decide(Change.Approving($"{theirs[0]}.{mine[1]}.{theirs[2]}"), Policy).ShouldBeRejected(Reason.ApprovalInvalid).Detail.Should().Contain("not by the key");
    }

    [Fact]
    public void A_claim_that_is_written_twice_is_refused_though_it_is_signed()
    {
        var claims = Signer.Decode(Alice.Approve(Change).Split('.')[1]);
        var header = Signer.Decode(Alice.Approve(Change).Split('.')[0]);

        _cluster.Decide(Change.Approving(Alice.Sign(header, claims[..^1] + ",\"aud\":\"default\"}")), Policy)
            .ShouldBeRejected(Reason.ApprovalInvalid).Detail.Should().Contain("not sound JSON");
    }

    [Fact]
    public void There_is_one_spelling_of_a_token()
    {
        var token = Alice.Approve(Change);

        foreach (var other in (string[])[token + "=", token + "==", token.Replace('-', '+'), token[..^1], token + ".", "." + token, token + "." + token.Split('.')[2]])
        {
            if (other != token)
            {
                _cluster.Decide(Change.Approving(other), Policy).IsAllowed.Should().BeFalse(other);
            }
        }
    }

    [Fact]
    public void Keys_are_rotated_by_their_times_and_removed_to_withdraw_all_they_signed()
    {
        var old = new Signer("alice");
        var rotated = Policy with
        {
            Signers = [old.InThePolicy with { NotAfter = Cluster.Noon.AddHours(1) }, Alice.InThePolicy with { NotBefore = Cluster.Noon.AddMinutes(-5) }],
        };

        _cluster.Decide(Change.Approving(old.Approve(Change)), rotated).ShouldBeAdmitted();
        _cluster.Decide(Change.Approving(Alice.Approve(Change)), rotated).ShouldBeAdmitted();
        (_cluster with { Now = Cluster.Noon.AddHours(1) }).Decide(Change.Approving(old.Approve(Change)), rotated).ShouldBeRejected(Reason.ApprovalInvalid);
        _cluster.Decide(Change.Approving(old.Approve(Change)), Policy).ShouldBeRejected(Reason.ApprovalInvalid);
        _cluster.Decide(Change.Approving(Alice.Approve(Change)), Policy with { Signers = [Alice.InThePolicy with { NotBefore = Cluster.Noon.AddSeconds(1) }] })
            .ShouldBeRejected(Reason.ApprovalInvalid).Detail.Should().Contain("no key of \"alice\" is in force");
    }

    [Fact]
    public void Who_signed_is_neither_the_requester_nor_the_author_by_any_of_her_names()
    {
        _cluster.Decide(Change.By("alice").Approving(Alice.Approve(Change)), Policy).ShouldBeRejected(Reason.SelfApproval);
        _cluster.Decide(Change.Approving(Alice.Approve(Change, c => c["author"] = "alice")), Policy).ShouldBeRejected(Reason.SelfApproval);
        var withAlias = Policy with { Signers = [Alice.InThePolicy with { Aliases = ["Alice@Example.com"] }] };
        _cluster.Decide(Change.WrittenBy("alice@example.com").Approving(Alice.Approve(Change.WrittenBy("alice@example.com"))), withAlias).ShouldBeRejected(Reason.SelfApproval);
        _cluster.Decide(Change.Approving(Alice.Approve(Change, c => c["author"] = "bob")), Policy with { RequireAuthor = true }).ShouldBeAdmitted();
    }

    [Fact]
    public void One_person_counts_once_by_whatever_she_approves()
    {
        var two = Policy with { ApprovalCount = 2 };
        var grant = new ApprovalGrant("g", Change.Change.Workload, Change.Digest, "alice", Cluster.Noon, Cluster.Noon.AddHours(1), ["critical"]);
        var cluster = _cluster with { Grants = [grant] };

        cluster.Decide(Change.Approving(Alice.Approve(Change)), two).ShouldBeRejected(Reason.ApprovalMissing).Detail.Should().Contain("1 of 2");
        (cluster with { Grants = [grant, grant with { Approver = "bob" }] }).Decide(Change.Approving(Alice.Approve(Change)), two).ShouldBeAdmitted();
    }

    [Fact]
    public void A_policy_may_accept_no_signatures() => _cluster.Decide(
        Change.Approving(Alice.Approve(Change)), Policy with { Accept = [ApprovalCarrier.Object] }).ShouldBeRejected(Reason.ApprovalInvalid);

    [Fact]
    public void Service_accounts_sign_nothing()
    {
        var robot = new Signer("system:serviceaccount:argo:argo");

        _cluster.Decide(Change.Approving(robot.Approve(Change)), A.Policy with { Signers = [robot.InThePolicy] })
            .ShouldBeRejected(Reason.ApprovalInvalid).Detail.Should().Contain("only people approve");
    }

    [Fact]
    public void A_signature_put_there_for_a_coming_change_is_no_offence_and_junk_is()
    {
        _cluster.Decide(A.AnnotationWrite.By("robot").Approving(Alice.Approve(Change)), Policy).ShouldBeAdmitted();
        _cluster.Decide(A.AnnotationWrite.By("robot").Approving("eyJh.e.x"), Policy).ShouldBeRejected(Reason.ApprovalInvalid);
    }

    [Fact]
    public void A_value_longer_than_the_limit_is_not_read() =>
        _cluster.Decide(Change.Approving(Alice.Approve(Change) + new string('A', 5 * 1024)), Policy).Reasons().Should().Contain(Reason.Invalid).And.Contain(Reason.ApprovalMissing);
}
