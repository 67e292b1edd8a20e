using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans.Raft.Storage.Provider;

/// <summary>Judges whether a registered grain storage can take a Raft provider's payloads (SAFETY-RULES C6).</summary>
internal static class BackingRegistration
{
    /// <summary>Last stage in which a backing storage may start: from the next on its groups' replicas use it.</summary>
    public const int LastStage = ServiceLifecycleStage.ApplicationServices;

    private const string MemoryStorage = "Orleans.Storage.MemoryGrainStorage";

    /// <summary>Why it can't; null where it can.</summary>
    public static string? WhyNot(IServiceProvider services, string provider, string backing)
    {
        if (string.Equals(provider, backing, StringComparison.Ordinal))
        {
            return "that is this provider itself";
        }

        if (IsRegistered<IRaftStorageCatalog>(services, backing))
        {
            return "that is a Raft provider too";
        }

        if (!IsRegistered<IGrainStorage>(services, backing))
        {
            return "no grain storage of that name is registered";
        }

        var stage = StartStage(services.GetRequiredKeyedService<IGrainStorage>(backing));
        return stage > LastStage ? $"it starts in stage {stage} of the silo's lifecycle, and must be up by stage {LastStage}" : null;
    }

    /// <summary>True for Orleans' memory provider, whose rows die with any silo (SAFETY-RULES A5).</summary>
    public static bool IsInMemory(IServiceProvider services, string backing) =>
        string.Equals(services.GetRequiredKeyedService<IGrainStorage>(backing).GetType().FullName, MemoryStorage, StringComparison.Ordinal);

    private static bool IsRegistered<T>(IServiceProvider services, string name) =>
        services.GetRequiredService<IServiceProviderIsKeyedService>().IsKeyedService(typeof(T), name);

    // The storage itself is asked in which stages it takes part; the answer is written down and nothing is run.
    private static int StartStage(IGrainStorage storage)
    {
        var stages = new StageRecorder();
        (storage as ILifecycleParticipant<ISiloLifecycle>)?.Participate(stages);
        return stages.Last;
    }

    private sealed class StageRecorder : ISiloLifecycle, IDisposable
    {
        public int Last { get; private set; } = int.MinValue;

        public int HighestCompletedStage => int.MinValue;

        public int LowestStoppedStage => int.MaxValue;

        public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
        {
            Last = Math.Max(Last, stage);
            return this;
        }

        public void Dispose()
        {
            // Nothing was subscribed to.
        }
    }
}
