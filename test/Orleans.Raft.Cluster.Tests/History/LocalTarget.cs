using ClusteringSilo;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Raft.Storage.Tests.Provider;
using Orleans.Serialization;
using Orleans.Storage;

namespace Orleans.Raft.Cluster.Tests.History;

/// <summary>
/// The provider itself on groups without Raft, whose answers are lost at random: applied or not, at once or later. Everything it says is right, so whatever is found wrong with a history
/// of it is wrong with whoever wrote the history down, or judged it.
/// </summary>
internal sealed class LocalTarget : IStorageTarget, IDisposable
{
    private const int LostPercent = 20;

    private static readonly FakeRaftGroups.Fate[] Fates =
        [FakeRaftGroups.Fate.IsAppliedButUnanswered, FakeRaftGroups.Fate.IsLostForNow, FakeRaftGroups.Fate.IsRefused];

    private readonly Random _random;
    private readonly FakeRaftGroups _groups = new() { Count = 2 };
    private readonly ServiceProvider _services;
    private readonly IGrainStorage _storage;

    public LocalTarget(int seed)
    {
        _random = new Random(seed);
        _services = _groups.Services(options => options.DeleteStateOnClear = true, serializer => serializer.AddAssembly(typeof(Note).Assembly));
        _storage = _services.GetRequiredKeyedService<IGrainStorage>("raft");
    }

    public async Task<ProviderAnswer> DoAsync(string verb, string key, string? etag, string? text)
    {
        // Between call and effect, and between effect and answer, others have their turns.
        await Task.Yield();
        lock (_random)
        {
            if (_random.Next(100) < LostPercent)
            {
                _groups.NextProposal = Fates[_random.Next(Fates.Length)];
            }

            if (_random.Next(100) < LostPercent)
            {
                _groups.LetOneArrive(_random);
            }
        }

        var answer = await StorageCaller.DoAsync(_storage, verb, key, etag, text);
        await Task.Yield();
        return answer;
    }

    public void Dispose() => _services.Dispose();
}
