using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Raft.Hosting;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Identity;

/// <summary>Directories that were copied, and put back (SAFETY-RULES A7, B11); silos that are configured differently (A1).</summary>
public sealed class CopiedDirectoryTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_directory_put_back_from_an_earlier_copy_speaks_for_nobody_and_when_emptied_gets_new_replicas()
    {
        await using var silos = NewSilos();
        await silos.StartAsync(0, 1, 2);
        await SiloSet.SetAsync(silos.Group(0), "k", "1");
        await silos.StopAsync(2);
        Copy("s3", "copy");

        // Its next life is the one that the cluster knows; the copy, when opened, has the same opening.
        await silos.StartAsync(2);
        await Until.AsyncTrue(() => SiloSet.SetAsync(silos.Group(2), "k", "2"), _ => true);
        await Until.AsyncTrue(silos.Management(0).GetGroupsAsync, groups => groups.All(group => group.IsWhole && group.Replicas.All(replica => replica.Lag == 0)));
        await Until.AsyncTrue(() => KnownOpeningAsync(silos, "s3"), opening => opening == 2);
        await silos.StopAsync(2);
        Wipe("s3");
        Copy("copy", "s3");

        await silos.StartAsync(2);
        var refused = await Until.AsyncTrue(silos.Management(0).GetSilosAsync, all => all.Any(silo => silo.Waits.Contains("does not belong to the cluster any more", StringComparison.Ordinal)));
        Assert.Equal("s3", refused.Single(silo => silo.Waits.Length > 0).Silo);
        Assert.Equal("2", await SiloSet.SetAsync(silos.Group(0), "k", "3"));
        Assert.Equal("3", await SiloSet.GetAsync(silos.Group(1), "k"));

        await silos.StopAsync(2);
        Wipe("s3");
        await silos.StartAsync(2);
        var status = await Until.AsyncTrue(() => silos.Group(0).GetStatusAsync(CancellationToken.None), status => status.IsWhole && status.Replicas.Length == 3);
        Assert.Equal(["1@s1", "2@s2", "4@s3"], status.Replicas.Select(replica => $"{replica.Replica}@{replica.Silo}"));
        Assert.Equal("3", await Until.AsyncTrue(() => SiloSet.GetAsync(silos.Group(2), "k"), _ => true));
    }

    // A life introduces itself to the meta group a moment after its replicas run.
    private static async Task<long> KnownOpeningAsync(SiloSet silos, string name)
    {
        var meta = await silos[0].GetRequiredService<RaftHost>().FindAsync(CatalogGroups.MetaId, CancellationToken.None);
        var catalog = MetaCodec.ReadCatalog(await meta.Client.ReadAsync(default, CancellationToken.None));
        return CatalogGroups.BindingOf(catalog, name)!.OpenCounter;
    }

    private SiloSet NewSilos() => new(3, (orleans, silo) => orleans
        .AddRaft(options =>
        {
            options.InitialSilos = SiloSet.Names(3);
            options.DataDirectory = Path.Combine(_directory.Path, $"s{silo + 1}");
            options.ReplacementDelay = TimeSpan.FromMilliseconds(500);
        })
        .AddRaftEngine()
        .AddRaftGroup<KeyValueMachine>(SiloSet.Family, options => options.Groups = silo == 2 ? 3 : 2));

    private void Wipe(string silo) => Directory.Delete(Path.Combine(_directory.Path, silo), recursive: true);

    private void Copy(string from, string to)
    {
        var (source, target) = (Path.Combine(_directory.Path, from), Path.Combine(_directory.Path, to));
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}
