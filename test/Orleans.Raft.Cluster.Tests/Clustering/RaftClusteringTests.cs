using System.Diagnostics;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ClusteringSilo;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Runtime;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Cluster.Tests.Clustering;

/// <summary>Silos that need nothing but themselves: in this process, and as processes that are killed.</summary>
public sealed class RaftClusteringTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryDirectory _data = new();
    private readonly SiloArguments[] _silos = new SiloArguments[4];

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Three_silos_in_one_process_start_at_once_serve_grains_and_a_client_and_the_last_one_stops_soon()
    {
        Place();
        var hosts = _silos.Take(3).Select(Build).ToList();
        await StartAsync([.. hosts]);
        foreach (var host in hosts)
        {
            Assert.Contains(await host.Services.GetRequiredService<IGrainFactory>().GetGrain<IPlaceGrain>("k").Where(), _silos.Select(silo => silo.Name));
        }

        // A silo that is no voter joins through them; a client that knows only the first voter learns of the others.
        var fourth = Build(_silos[3]);
        await StartAsync(fourth);
        using var client = SiloHost.BuildClient(
            new Dictionary<string, string> { ["s1"] = _silos[0].Voters["s1"] }, logging => logging.AddProvider(new FileLoggerProvider("client")));
        await StartAsync(client);
        var grains = client.Services.GetRequiredService<IGrainFactory>();
        await grains.GetGrain<IPlaceGrain>("k").Where();
        await StopAsync(hosts[0]);
        await StopAsync(fourth);
        for (var key = 0; key < 20; key++)
        {
            await Until.AsyncTrue(() => grains.GetGrain<IPlaceGrain>($"k{key}").Where(), place => place is "s2" or "s3");
        }

        await StopAsync(hosts[1]);
        var watch = Stopwatch.StartNew();
        await StopAsync(hosts[2]);
        output.WriteLine($"the last silo stopped in {watch.Elapsed}");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"the last silo stopped in {watch.Elapsed}");
        await client.StopAsync();
    }

    [Fact]
    public async Task A_voter_a_silo_that_is_none_and_a_client_work_over_tls_and_a_stranger_with_the_secret_alone_does_not()
    {
        Place();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=clustering", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var voters = new Dictionary<string, string> { ["s1"] = _silos[0].Voters["s1"] };
        var hosts = _silos.Take(2).Select(silo => SiloHost.Build(
            silo with { Voters = voters }, logging => logging.AddProvider(new FileLoggerProvider(silo.Name)), UseTls)).ToList();
        foreach (var host in hosts)
        {
            await StartAsync(host);
        }

        using var client = SiloHost.BuildClient(voters, logging => logging.AddProvider(new FileLoggerProvider("client")), UseTls);
        await StartAsync(client);
        Assert.Contains(await client.Services.GetRequiredService<IGrainFactory>().GetGrain<IPlaceGrain>("k").Where(), new[] { "s1", "s2" });

        using var stranger = SiloHost.BuildClient(voters, logging => logging.AddProvider(new FileLoggerProvider("stranger")), null);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        await Assert.ThrowsAnyAsync<Exception>(() => stranger.StartAsync(limit.Token));
        await client.StopAsync();
        await StopAsync(hosts[1]);
        await StopAsync(hosts[0]);

        void UseTls(RaftClusteringOptions clustering)
        {
            clustering.ServerTls = new SslServerAuthenticationOptions
            {
                ServerCertificate = certificate,
                ClientCertificateRequired = true,
                RemoteCertificateValidationCallback = IsOurs,
            };
            clustering.ClientTls = new SslClientAuthenticationOptions { ClientCertificates = [certificate], RemoteCertificateValidationCallback = IsOurs };
        }

        bool IsOurs(object sender, X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors) => shown?.GetCertHashString() == certificate.GetCertHashString();
    }

    [Fact]
    public async Task A_silo_process_that_is_killed_is_noticed_and_comes_back_and_any_of_them_may_be_the_one()
    {
        Place();
        var processes = _silos.Take(3).Select(silo => new SiloProcess(silo)).ToArray();
        try
        {
            await Task.WhenAll(processes.Select(process => process.WaitUntilActiveAsync()));
            for (var victim = 0; victim < 3; victim++)
            {
                var (witness, other) = (processes[(victim + 1) % 3], processes[(victim + 2) % 3]);
                await Task.WhenAll(witness.WaitForAsync(line => IsActive(line, 3)), other.WaitForAsync(line => IsActive(line, 3)));
                await processes[victim].KillAsync();
                var watch = Stopwatch.StartNew();
                await Task.WhenAll(witness.WaitForAsync(line => IsActive(line, 2)), other.WaitForAsync(line => IsActive(line, 2)));
                output.WriteLine($"{processes[victim].Name} was noticed to be dead after {watch.Elapsed}");
                for (var key = 0; key < 10; key++)
                {
                    var place = await Until.AsyncTrue(() => witness.CallAsync($"k{key}"), answer => !answer.StartsWith("failed", StringComparison.Ordinal));
                    Assert.Contains(place, new[] { witness.Name, other.Name });
                }

                output.WriteLine($"its grains were served elsewhere after {watch.Elapsed}");
                await processes[victim].DisposeAsync();
                processes[victim] = new SiloProcess(_silos[victim]);
                watch.Restart();
                await processes[victim].WaitUntilActiveAsync();
                output.WriteLine($"it was back after {watch.Elapsed}");
            }

            // One after the other, until nobody is left.
            foreach (var process in processes)
            {
                output.WriteLine($"{process.Name} stopped in {await process.StopAsync()}");
            }
        }
        finally
        {
            foreach (var process in processes)
            {
                await process.DisposeAsync();
            }
        }
    }

    private static bool IsActive(string line, int count) =>
        line.StartsWith("members ", StringComparison.Ordinal) && line.Split(' ').Count(static member => member.EndsWith(":Active", StringComparison.Ordinal)) == count;

    private void Place()
    {
        var ports = SiloSet.FreePorts(3 * _silos.Length);
        var voters = Enumerable.Range(0, 3).ToDictionary(i => $"s{i + 1}", i => $"127.0.0.1:{ports[(3 * i) + 2]}");
        for (var i = 0; i < _silos.Length; i++)
        {
            _silos[i] = new SiloArguments($"s{i + 1}", ports[3 * i], ports[(3 * i) + 1], Path.Combine(_data.Path, $"s{i + 1}"), voters);
        }
    }

    private static IHost Build(SiloArguments silo) => SiloHost.Build(silo, logging => logging.AddProvider(new FileLoggerProvider(silo.Name)));

    private static async Task StartAsync(params IHost[] hosts)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        await Task.WhenAll(hosts.Select(host => host.StartAsync(limit.Token)));
    }

    private static async Task StopAsync(IHost host)
    {
        await host.StopAsync();
        await ((IAsyncDisposable)host).DisposeAsync();
    }
}
