using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orleans.Raft.Storage.Clustering;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Storage.Tests.Clustering;

public sealed class TlsTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly VoterCluster _cluster = new(3);
    private readonly X509Certificate2 _certificate = Certificate("CN=clustering");
    private readonly X509Certificate2 _stranger = Certificate("CN=stranger");

    public async Task InitializeAsync()
    {
        _cluster.ServerTls = new SslServerAuthenticationOptions
        {
            ServerCertificate = _certificate,
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = IsOurs,
        };
        _cluster.ClientTls = ClientTls(_certificate);
        await _cluster.StartAllAsync();
        await _cluster["s1"].Client.ReadAsync(true, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        output.WriteLine(_cluster.Log.ToString());
        _certificate.Dispose();
        _stranger.Dispose();
    }

    [Fact]
    public async Task Voters_and_clients_work_over_tls_with_certificates_on_both_sides()
    {
        var client = await _cluster.ClientAsync();
        var table = await client.Client.ReadAsync(true, CancellationToken.None);
        Assert.Equal(3, table.View.Voters.Count);
    }

    [Theory]
    [InlineData("without TLS")]
    [InlineData("without a certificate")]
    [InlineData("with a stranger's certificate")]
    public async Task Who_comes_otherwise_is_not_let_in(string how)
    {
        _cluster.ClientTls = how switch
        {
            "without TLS" => null,
            "without a certificate" => ClientTls(null),
            _ => ClientTls(_stranger),
        };
        var client = await _cluster.ClientAsync();
        using var shortly = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<TableUnavailableException>(() => client.Client.ReadAsync(false, shortly.Token));
        await _cluster["s2"].Client.ReadAsync(true, CancellationToken.None);
    }

    [Fact]
    public async Task A_voter_with_a_certificate_that_is_not_trusted_is_not_talked_to()
    {
        _cluster.ClientTls = new SslClientAuthenticationOptions { ClientCertificates = [_certificate] };
        var client = await _cluster.ClientAsync();
        using var shortly = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<TableUnavailableException>(() => client.Client.ReadAsync(false, shortly.Token));
        await Until.TrueAsync(
            () => _cluster.Log.Warnings.Any(static line => line.Contains("certificate", StringComparison.OrdinalIgnoreCase)), "the line says why");
    }

    private static X509Certificate2 Certificate(string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest(subject, key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private SslClientAuthenticationOptions ClientTls(X509Certificate2? certificate) => new()
    {
        ClientCertificates = certificate is null ? [] : [certificate],
        RemoteCertificateValidationCallback = IsOurs,
    };

    private bool IsOurs(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate?.GetCertHashString() == _certificate.GetCertHashString();
}
